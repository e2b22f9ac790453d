import { describe, expect, it, vi } from 'vitest'

vi.mock('@/i18n', () => ({ t: (key: string) => key, word: (group: string, code: string) => `${group}.${code}` }))
vi.mock('@/live/clock', () => ({ serverNow: () => Date.parse('2026-11-24T23:50:00') }))

import { inOrder, nextTime } from '@/response/arrival'
import { elderOnLine, nowCalled, peopleOf, responsible, told } from '@/response/cascade'
import type { Arrival, Cascade, CascadeCall, PersonAhead } from '@/response/types'

function call(person: string, more: Partial<CascadeCall> = {}): CascadeCall {
  return {
    id: person, round: 1, step: 0, who: 'contacts', person, label: person, relation: '', has_key: false, state: 'no_answer',
    minutes_away: null, called_at: '2026-11-24T10:00:00Z', until: '2026-11-24T10:01:00Z', ended_at: null, messages: [], ...more,
  }
}

function ahead(person: string, step: number): PersonAhead {
  return { person, who: 'neighbour', label: person, relation: 'neighbour', minutes_away: 2, has_key: true, mode: 'order', step }
}

function cascade(more: Partial<Cascade>): Cascade {
  return {
    id: '1', state: 'running', version: 1, round: 1, rounds: 2, step: 0, started_at: '', started_by: '', next_due_at: null,
    ended_at: null, end_reason: null, calls: [], ahead: [], ...more,
  }
}

describe('the plan of a cascade', () => {
  it('is one line a person in its order, with every round', () => {
    const calls = [call('elder', { who: 'elder' }), call('daughter', { step: 1 }), call('elder', { id: 'again', who: 'elder', round: 2 })]
    const found = peopleOf(cascade({ round: 2, calls, ahead: [ahead('neighbour', 2), ahead('daughter', 1)] }))
    expect(found.map(({ person, calls }) => [person, calls.length])).toEqual([['elder', 2], ['daughter', 1], ['neighbour', 0]])
  })

  it('keeps whom an operator called before their turn at their place', () => {
    const found = peopleOf(cascade({ calls: [call('elder'), call('neighbour', { step: 2 })], ahead: [ahead('daughter', 1)] }))
    expect(found.map(({ person }) => person)).toEqual(['elder', 'daughter', 'neighbour'])
  })
})

describe('who is called now', () => {
  const ringing = call('daughter', { state: 'calling' })
  const at = Date.parse('2026-11-24T10:00:30Z')

  it('is whoever rings in this round and is still waited for', () => {
    expect(nowCalled(cascade({ calls: [ringing, call('son')] }), at)).toEqual([ringing])
    expect(nowCalled(cascade({ calls: [ringing] }), Date.parse(ringing.until))).toEqual([])
    expect(nowCalled(cascade({ calls: [ringing], round: 2 }), at)).toEqual([])
    expect(nowCalled(cascade({ calls: [ringing], state: 'stopped' }), at)).toEqual([])
  })

  it('is not asked about an elder of whom somebody has decided', () => {
    const elder = call('elder', { who: 'elder', state: 'answered' })
    expect(elderOnLine(cascade({ calls: [elder] }))).toBe(elder)
    expect(elderOnLine(cascade({ calls: [elder], state: 'stopped' }))).toBeNull()
    expect(elderOnLine(cascade({ calls: [{ ...elder, state: 'voicemail' }] }))).toBeNull()
  })

  it('names the one who goes, and what was said', () => {
    const goes = call('son', { state: 'accepted', messages: [{ channel: 'sms', state: 'answered', reply: '15分钟', at: null }, { channel: 'voice', state: 'no_answer', reply: null, at: null }] })
    expect(responsible(cascade({ calls: [call('daughter'), goes], state: 'accepted' }))).toBe(goes)
    expect(told(goes)).toEqual(['cascade.said_sms'])
  })
})

describe('promised arrivals', () => {
  const one = (id: string, more: Partial<Arrival>) => ({ id, state: 'open', due_at: '', settled_at: null, ...more }) as Arrival

  it('are shown by what comes next, then by what came last', () => {
    const found = inOrder([one('past', { state: 'arrived', settled_at: '1' }), one('late', { due_at: '2' }), one('later', { due_at: '3' }), one('newer', { state: 'cancelled', settled_at: '2' })])
    expect(found.map(({ id }) => id)).toEqual(['late', 'later', 'newer', 'past'])
  })

  it('take a time of day as the next one', () => {
    expect(nextTime('23:55')?.getDate()).toBe(24)
    expect(nextTime('00:10')?.getDate()).toBe(25)
    expect(nextTime('')).toBeNull()
  })
})
