/** How many questions each cause has; their words stand in the language files as `script.<cause>.<n>`. */
const QUESTIONS: Record<string, number> = {
  sos: 4, fall: 5, smoke: 4, wandering: 4, inactivity: 4, water: 3, vitals: 4, call: 4, request: 4, other: 3,
}
const SAME_AS: Record<string, string> = { gas: 'smoke', co: 'smoke', bed: 'inactivity', door: 'wandering' }

export interface Question { key: string; n: number }

export function questionsOf(cause: string): Question[] {
  const known = SAME_AS[cause] ?? cause
  const name = known in QUESTIONS ? known : 'other'
  return Array.from({ length: QUESTIONS[name] ?? 0 }, (_, n) => ({ key: `script.${name}.${n + 1}`, n: n + 1 }))
}
