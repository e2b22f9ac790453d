import type { ChangeRules, Standard } from '../types'

export interface Answers {
  scores: Record<string, number>
  coma: boolean
  diagnoses: { code: string; by_psychiatrist: boolean }[]
  risk_events: { kind: string; on: string }[]
  on: string
}
export type Change = 'coma' | 'dementia' | 'mental_disorder' | 'risk_events'
export interface Preview { total: number; byGroup: Record<string, number>; left: number; preliminary: number | null; changes: Change[]; final: number | null }

const WORST = 4
const DAY_MS = 86_400_000
const ICD = /^([A-Z])(\d{2})(\.[0-9A-Z]{1,4})?$/

/**
 * What the answers come to so far, by the rules of the server (domain/assessment.py), which alone decides when it is
 * saved. `left`: items that nobody has answered; the level is said when none is left.
 */
export function preview(standard: Standard, answers: Answers): Preview {
  const items = standard.groups.flatMap((group) => group.items)
  const scoreOf = (id: string): number => (answers.coma && id === standard.coma_item ? 0 : answers.scores[id] ?? 0)
  const byGroup = Object.fromEntries(standard.groups.map((group) => [group.code, group.items.reduce((sum, item) => sum + scoreOf(item.id), 0)]))
  const total = Object.values(byGroup).reduce((sum, one) => sum + one, 0)
  const left = answers.coma ? 0 : items.filter((item) => answers.scores[item.id] === undefined).length
  if (left) return { total, byGroup, left, preliminary: null, changes: [], final: null }
  const preliminary = standard.levels.find((level) => (level.from ?? 0) <= total && total <= (level.to ?? 0))?.level ?? null
  const changes = answers.coma ? (['coma'] as Change[]) : raising(standard.changes ?? null, answers)
  const final = answers.coma ? WORST : preliminary === null ? null : changes.length ? Math.min(preliminary + 1, WORST) : preliminary
  return { total, byGroup, left, preliminary, changes, final }
}

function raising(rules: ChangeRules | null, answers: Answers): Change[] {
  if (!rules) return []
  const found: Change[] = []
  const codes = answers.diagnoses.map((one) => ({ code: icd(one.code), expert: one.by_psychiatrist }))
  if (codes.some(({ code }) => within(code, rules.dementia))) found.push('dementia')
  if (codes.some(({ code, expert }) => expert && within(code, rules.other_mental))) found.push('mental_disorder')
  const last = Date.parse(answers.on)
  const recent = answers.risk_events.filter(({ kind, on }) => {
    const at = Date.parse(on)
    return kind && at <= last && last - at <= rules.risk_days * DAY_MS
  })
  if (recent.length >= rules.risk_events) found.push('risk_events')
  return found
}

/** The three signs that decide of an ICD-10 code, or null while it is not one. */
export function icd(code: string): string | null {
  const found = ICD.exec(code.trim().toUpperCase())
  return found ? `${found[1]}${found[2]}` : null
}

function within(code: string | null, [first, last]: [string, string]): boolean {
  return code !== null && first <= code && code <= last
}
