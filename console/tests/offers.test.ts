import { describe, expect, it, vi } from 'vitest'

vi.mock('@/i18n', () => ({ t: (key: string) => key, word: (group: string, code: string) => `${group}.${code}` }))
vi.mock('@/i18n/time', () => ({ asExact: (at: string) => at, asClock: (at: string) => at, asCalendarDay: (at: string) => at }))

import type { Candidate, Excluded, Offer } from '@/offers/types'
import { answerText, keptOutBy, mayAnyway, messageText, whereFrom } from '@/offers/words'

function out(...codes: string[]): Excluded {
  return { worker: { id: codes.join(), name: '', kind: 'worker', station: null, phone_masked: null }, reasons: codes.map((code) => ({ code, data: {} })) }
}

describe('who is left out', () => {
  it('is asked all the same only where every rule may be set aside', () => {
    expect(mayAnyway(out('area', 'off_shift'))).toBe(true)
    expect(mayAnyway(out('area', 'certificate_expired'))).toBe(false)
    expect(mayAnyway(out('refused_by_elder'))).toBe(false)
  })

  it('comes back by relaxing a rule only where it is the only one', () => {
    expect(keptOutBy('area', [out('area'), out('area', 'absent'), out('too_far')]).map(({ worker }) => worker.id)).toEqual(['area'])
  })
})

describe('what nobody knows', () => {
  const one = { distance_m: null, position_at: null, from: null } as Candidate
  it('is neither near nor far', () => {
    expect(whereFrom(one, 0)).toBe('dispatch.position_unknown')
    expect(whereFrom({ ...one, position_at: '1970-01-01T00:00:00Z' }, 1_200_000)).toBe('dispatch.position_old')
    expect(whereFrom({ ...one, distance_m: 800, from: 'station' }, 0)).toBe('dispatch.from_station')
  })
})

describe('an offer', () => {
  const offer = { state: 'offered', expires_at: 'then', answered_at: null, channel: null, reason: null } as Offer
  it('says why it was declined, and by which channel', () => {
    expect(answerText(offer)).toBe('offer_state.offered')
    expect(answerText({ ...offer, state: 'declined', reason: 'busy', channel: 'sms', answered_at: 'now' })).toBe('offer_state.declined offer_state.why now offer_state.by')
    expect(answerText({ ...offer, state: 'withdrawn', reason: 'taken' })).toBe('offer_state.withdrawn')
  })

  it('tells how far the question came', () => {
    expect(messageText({ channel: 'sms', state: 'delivered', at: 'now', fails: false })).toBe('offer_msg.sms_delivered now')
    expect(messageText({ channel: 'sms', state: 'pending', at: 'now', fails: true })).toBe('offer_msg.sms_fails now')
  })
})
