import { createPinia, setActivePinia } from 'pinia'
import { effectScope, nextTick, reactive } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

vi.mock('@/live/api', () => ({
  Failure: Error,
  asFailure: (error: unknown) => error,
  ask: async () => ({ seq: 10, server_time: '', cases: [] }),
}))
vi.mock('@/live/link', () => ({ useLink: () => reactive({ lost: false }) }))
vi.mock('@/session/store', () => ({ useSession: () => reactive({ phase: 'in' }) }))
vi.stubGlobal('window', globalThis) // for its timers

import { followCase } from '@/live/follow'
import { useLive } from '@/live/store'
import type { CaseRow } from '@/live/types'

function row(id: string, version: number, state: CaseRow['state']): CaseRow {
  return { id, version, state, last_event: null } as unknown as CaseRow
}

/** Follows case 1 as its file does: what was read is shown, and counted. */
function follow(state: CaseRow['state']) {
  const live = useLive()
  let version = 1
  let reads = 0
  const scope = effectScope()
  scope.run(() => followCase('1', async () => {
    reads += 1
    live.see(row('1', version, state))
    return true
  }).load())
  return { scope, reads: () => reads, now: (found: number) => { version = found } }
}

const settle = async () => { for (let n = 0; n < 20; n += 1) { await vi.advanceTimersByTimeAsync(100); await nextTick() } }

describe('a case on the screen', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    vi.useFakeTimers()
  })
  afterEach(() => { vi.useRealTimers() })

  it.each(['planned', 'closed'] as const)('that is %s is read until it is known, not for ever', async (state) => {
    const { scope, reads } = follow(state)
    await settle()
    const known = reads()
    expect(known).toBeLessThanOrEqual(2)
    await settle()
    expect(reads()).toBe(known)
    scope.stop()
  })

  it('is read soon, however much goes on', async () => {
    const live = useLive()
    live.accept(row('1', 1, 'new'))
    const { scope, reads } = follow('new')
    await settle()
    const known = reads()
    for (let version = 2; version < 12; version += 1) {
      live.accept(row('1', version, 'new'))
      await vi.advanceTimersByTimeAsync(60)
    }
    expect(reads()).toBeGreaterThan(known + 2)
    scope.stop()
  })

  it('is not read again for what happens to others', async () => {
    const live = useLive()
    live.accept(row('1', 1, 'new'))
    const { scope, reads } = follow('new')
    await settle()
    const known = reads()
    live.accept(row('2', 1, 'new'))
    live.accept(row('2', 2, 'owned'))
    await settle()
    expect(reads()).toBe(known)
    scope.stop()
  })

  it('is read again when the stream tells of it, though it is not open', async () => {
    const live = useLive()
    await live.sync()
    const { scope, reads, now } = follow('planned')
    await settle()
    const known = reads()
    now(2)
    live.receive({ seq: 11, ops: [{ op: 'del', row: row('1', 2, 'planned') }] })
    await settle()
    expect(reads()).toBe(known + 1)
    expect(live.find('1')?.version).toBe(2)
    scope.stop()
  })
})
