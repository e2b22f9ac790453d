import type { Answer, Doing, Script, Service, Step } from './types'

export interface Way {
  steps: Step[]
  current: Step | null
  /** The script with which it goes on. */
  leadsTo: string
}

/**
 * The way over the answers, those too that wait for the line: with the line cut the operator goes on asking. The server
 * walks the same way (`walk` in `dispatch/domain/scripts.py`) and has the last word.
 */
export function wayOf(script: Script, waiting: Record<string, string>): Way {
  const all = new Map([...script.steps, ...script.later].map((step) => [step.id, step]))
  const steps: Step[] = []
  let step: Step | undefined = script.steps[0]
  while (step && !steps.includes(step)) {
    steps.push(step)
    const given = answerOf(step, waiting[step.id] ?? script.answers[step.id]?.answer)
    if (!given) return { steps, current: step, leadsTo: '' }
    if (given.script) return { steps, current: null, leadsTo: given.script }
    step = all.get(given.next ?? '')
  }
  return { steps, current: null, leadsTo: '' }
}

export function answerOf(step: Step, id: string | undefined): Answer | undefined {
  return step.answers.find((one) => one.id === id)
}

export interface Done { what: string; value: string }
export function doneOf(doing: Doing): Done {
  if (typeof doing === 'string') return { what: doing, value: '' }
  const [[what, value] = ['', '']] = Object.entries(doing)
  return { what, value }
}

/** The service whose sheet an answer opens. */
export function handoffOf(answer: Answer): Service | null {
  const found = answer.do.map(doneOf).find(({ what }) => what === 'handoff')
  return (found?.value as Service | undefined) ?? null
}
