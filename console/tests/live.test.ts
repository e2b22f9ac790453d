import { describe, expect, it } from 'vitest'
import { LiveCore, type Change } from '@/live/core'
import { byUrgency, frozenOrder } from '@/live/order'
import type { CaseRow } from '@/live/types'

function row(id: string, more: Partial<CaseRow> = {}): CaseRow {
  return {
    id, number: id, kind: 'emergency', help: null, cause: 'sos', channel: 'device', priority: 1, top_priority: 1, state: 'new', version: 1,
    opened_at: '2026-11-24T01:00:00Z', waiting_since: '2026-11-24T01:00:00Z', answer_due_at: '2026-11-24T01:00:30Z',
    next_due_at: null, held_until: null, owner: null, elder: null, caller: null, address_short: null, area: null,
    signals: 1, escalation: 0, flags: [], rings_for: null, area_event: null, last_event: null, ...more,
  }
}

function core(...rows: CaseRow[]): LiveCore {
  const made = new LiveCore()
  made.reset({ seq: 10, server_time: '', cases: rows })
  return made
}

describe('the stream', () => {
  it('applies the very next batch', () => {
    const live = core()
    const changes: Change[] = []
    expect(live.apply({ seq: 11, ops: [{ op: 'put', row: row('1') }] }, changes)).toBe('applied')
    expect(live.seq).toBe(11)
    expect(live.rows.get('1')?.state).toBe('new')
    expect(changes).toMatchObject([{ gone: false, before: null }])
  })

  it('notices a gap and changes nothing until it is filled', () => {
    const live = core(row('1'))
    expect(live.apply({ seq: 13, ops: [{ op: 'put', row: row('2') }] })).toBe('gap')
    expect(live.seq).toBe(10)
    expect(live.rows.has('2')).toBe(false)
    live.catchUp({ seq: 13, ops: [{ op: 'put', row: row('2') }, { op: 'del', row: row('1', { state: 'closed', version: 2 }) }] })
    expect(live.seq).toBe(13)
    expect([...live.rows.keys()]).toEqual(['2'])
  })

  it('drops a batch that it has already seen', () => {
    const live = core(row('1', { version: 3 }))
    expect(live.apply({ seq: 10, ops: [{ op: 'del', row: row('1', { version: 9 }) }] })).toBe('old')
    expect(live.rows.has('1')).toBe(true)
  })

  it('counts an empty batch, so that the numbers stay contiguous', () => {
    const live = core()
    expect(live.apply({ seq: 11, ops: [] })).toBe('applied')
    expect(live.seq).toBe(11)
  })
})

describe('the version of a row', () => {
  it('keeps what a command answered when the stream brings something older', () => {
    const live = core(row('1', { version: 1 }))
    live.put(row('1', { version: 3, state: 'owned' }))
    live.apply({ seq: 11, ops: [{ op: 'put', row: row('1', { version: 2 }) }] })
    expect(live.rows.get('1')).toMatchObject({ version: 3, state: 'owned' })
  })

  it('does not bring a closed case back as a ghost', () => {
    const live = core(row('1', { version: 1 }))
    live.remove(row('1', { version: 5, state: 'closed' }))
    live.apply({ seq: 11, ops: [{ op: 'put', row: row('1', { version: 4, state: 'owned' }) }] })
    expect(live.rows.has('1')).toBe(false)
  })

  it('shows a case again that was reopened', () => {
    const live = core(row('1', { version: 1 }))
    live.remove(row('1', { version: 5, state: 'closed' }))
    live.apply({ seq: 11, ops: [{ op: 'put', row: row('1', { version: 6, state: 'owned' }) }] })
    expect(live.rows.get('1')?.version).toBe(6)
  })

  it('does not remove a case for an older goodbye', () => {
    const live = core(row('1', { version: 7 }))
    live.apply({ seq: 11, ops: [{ op: 'del', row: row('1', { version: 6, state: 'closed' }) }] })
    expect(live.rows.has('1')).toBe(true)
  })
})

describe('a new snapshot', () => {
  it('takes leave of a case that went to another district as it was last seen', () => {
    const live = core()
    live.put(row('1', { version: 3 }))
    const changes: Change[] = []
    live.apply({ seq: 11, ops: [{ op: 'del', row: { id: '1', version: 4, elsewhere: true } as CaseRow }] }, changes)
    expect(changes.map((one) => [one.gone, one.row.version, one.row.state])).toEqual([[true, 3, row('1').state]])
    expect(live.rows.has('1')).toBe(false)
  })

  it('removes what is over and says so', () => {
    const live = core(row('1'), row('2'))
    const changes = live.reset({ seq: 90, server_time: '', cases: [row('2'), row('3')] })
    expect([...live.rows.keys()].sort()).toEqual(['2', '3'])
    expect(changes.filter((change) => change.gone).map((change) => change.row.id)).toEqual(['1'])
    expect(live.seq).toBe(90)
  })
})

describe('the order', () => {
  it('is severity, then least slack, then oldest, then id', () => {
    const rows = [
      row('d', { priority: 3 }),
      row('c', { priority: 2, answer_due_at: '2026-11-24T01:09:00Z' }),
      row('b', { priority: 2, answer_due_at: '2026-11-24T01:01:00Z' }),
      row('z', { opened_at: '2026-11-24T00:59:00Z' }),
      row('a'),
      row('e', { priority: 4, answer_due_at: null }),
    ]
    expect(rows.sort(byUrgency).map(({ id }) => id)).toEqual(['z', 'a', 'b', 'c', 'd', 'e'])
  })

  it('looks at the next step once somebody has the case', () => {
    const taken = row('a', { state: 'owned', next_due_at: '2026-11-24T03:00:00Z' })
    expect([taken, row('b')].sort(byUrgency).map(({ id }) => id)).toEqual(['b', 'a'])
  })
})

describe('the frozen list', () => {
  it('keeps every row in its place and counts the new ones', () => {
    const shown = frozenOrder(['a', 'b', 'c'], ['new1', 'c', 'b', 'new2', 'a'], 0)
    expect(shown.ids).toEqual(['a', 'b', 'c'])
    expect(shown.above + shown.below).toBe(2)
  })

  it('tells new rows above from new rows below', () => {
    const ids = Array.from({ length: 60 }, (_, n) => `r${n}`)
    expect(frozenOrder(ids, ['top', ...ids, 'end'], 20)).toMatchObject({ above: 1, below: 1 })
  })
})
