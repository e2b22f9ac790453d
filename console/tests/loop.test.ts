import { describe, expect, it } from 'vitest'

import { loopOf } from '@/case/loop'
import type { CaseEvent, CaseRow } from '@/live/types'

const OPENED = '2026-11-24T10:00:00Z'

function row(state: CaseRow['state']): CaseRow {
  return { id: '1', state, opened_at: OPENED } as CaseRow
}

function at(minute: number): string {
  return `2026-11-24T10:${String(minute).padStart(2, '0')}:00Z`
}

function history(...kinds: string[]): CaseEvent[] {
  return kinds.map((kind, place) => ({ id: String(place), at: at(place), kind, actor: null, channel: null, text: null, data: null }))
}

describe('the five steps of the grid loop', () => {
  it('begin when it is found, and nothing else is reached', () => {
    const found = loopOf(row('new'), history('opened'))
    expect(found).toEqual({ found: OPENED, handed: null, handled: null, reported: null, rated: null })
  })

  it('follow a service from the offer to the rating', () => {
    const events = history('opened', 'taken', 'offers_sent', 'offer_accepted', 'helper_arrived', 'helper_done', 'follow_up')
    expect(loopOf(row('closed'), events)).toEqual({ found: OPENED, handed: at(1), handled: at(3), reported: at(5), rated: at(6) })
    expect(loopOf(row('pending_follow_up'), events.slice(0, -1)).rated).toBeNull()
  })

  it('a note before anybody answers for it is not dealing with it', () => {
    expect(loopOf(row('owned'), history('opened', 'note', 'taken')).handled).toBeNull()
  })

  it('what is taken up again is neither reported nor rated any more', () => {
    const found = loopOf(row('owned'), history('opened', 'taken', 'note', 'closed', 'reopened'))
    expect([found.handled, found.reported, found.rated]).toEqual([at(2), null, null])
  })
})
