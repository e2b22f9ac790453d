import { t, word } from '@/i18n'
import type { Arrival, Cascade, CascadeCall, PersonAhead } from './types'

/** One line of the plan: somebody who was called, is called, or would be next. */
export interface Person {
  person: string
  label: string
  /** The relation where one is known, else the place in the plan. */
  role: string
  minutes: number | null
  hasKey: boolean
  step: number
  calls: CascadeCall[]
}

/** Everybody of the plan in its order, with what came of each call. */
export function peopleOf(cascade: Cascade): Person[] {
  const found = new Map<string, Person>()
  for (const one of [...cascade.calls, ...cascade.ahead]) {
    const person = found.get(one.person) ?? personOf(one)
    if ('state' in one) person.calls.push(one)
    found.set(one.person, person)
  }
  return [...found.values()].sort((a, b) => a.step - b.step)
}

export function personOf(one: CascadeCall | PersonAhead): Person {
  const role = one.relation && one.who !== 'elder' ? word('relation', one.relation) : t(`cascade_who.${one.who}`)
  return { person: one.person, label: one.label, role, minutes: one.minutes_away, hasKey: one.has_key, step: one.step, calls: [] }
}

/** Whose telephones ring, or who is on the line, right now. */
export function nowCalled(cascade: Cascade, at: number): CascadeCall[] {
  if (cascade.state !== 'running') return []
  return cascade.calls.filter((call) => call.round === cascade.round && ['calling', 'answered'].includes(call.state) && Date.parse(call.until) > at)
}

export function responsible(cascade: Cascade): CascadeCall | null {
  return cascade.calls.find(({ state }) => state === 'accepted') ?? null
}

/** The elder is, or was, on the line and nobody else goes yet. */
export function elderOnLine(cascade: Cascade): CascadeCall | null {
  if (cascade.state !== 'running' && cascade.state !== 'exhausted') return null
  return cascade.calls.filter(({ who, state }) => who === 'elder' && state === 'answered').pop() ?? null
}

export function answeredAt(call: CascadeCall): string {
  return call.messages.find(({ channel, state }) => channel === 'voice' && state === 'answered')?.at ?? call.called_at
}

export function arrivalOf(call: CascadeCall, arrivals: Arrival[]): Arrival | null {
  return arrivals.filter(({ call_id }) => call_id === call.id).pop() ?? null
}

/** What went out and what came back beside the result: 短信已送达 · 回复“15分钟”. */
export function told(call: CascadeCall): string[] {
  return call.messages.flatMap(({ channel, state, reply }) => {
    if (reply) return [t(`cascade.said_${channel}`, { reply })]
    return channel === 'sms' ? [word('cascade_sms', state)] : []
  })
}
