import { afterEach, describe, expect, it } from 'vitest'
import { addDays, mondayOf, span } from '@/duty/days'
import { dayOf, endOfDay, forInput, fromInput, setZone, timeOf } from '@/i18n/zone'

afterEach(() => setZone('UTC'))

describe('the centre\'s time, on a PC that is set to another', () => {
  it.each(['America/New_York', 'Asia/Shanghai', 'Europe/Berlin', 'Pacific/Kiritimati'])('reads back in %s what was typed', (zone) => {
    setZone(zone)
    for (const text of ['2026-11-24T00:00', '2026-03-29T08:00', '2026-10-25T23:59', '2024-02-29T12:30']) {
      expect(forInput(fromInput(text).getTime())).toBe(text)
    }
  })

  it('puts a shift into the hours of the centre', () => {
    setZone('Asia/Shanghai')
    expect(span('2026-11-24', '20:00', '08:00')).toEqual({ starts_at: '2026-11-24T12:00:00.000Z', ends_at: '2026-11-25T00:00:00.000Z' })
    expect([dayOf('2026-11-24T16:30:00Z'), timeOf('2026-11-24T16:30:00Z')]).toEqual(['2026-11-25', '00:30'])
    expect(endOfDay('2026-11-24').toISOString()).toBe('2026-11-24T15:59:59.999Z')
  })

  it('reckons days by the calendar, over a change to summer time too', () => {
    setZone('Europe/Berlin')
    expect([addDays('2026-03-28', 1), addDays('2026-03-29', 1), mondayOf('2026-03-29')]).toEqual(['2026-03-29', '2026-03-30', '2026-03-23'])
  })
})
