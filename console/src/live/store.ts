import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import { asFailure, ask, Failure } from './api'
import { learnServerTime, serverNow } from './clock'
import { type Change, LiveCore, isOver } from './core'
import type { Beat, CaseRow, LiveBatch, Snapshot } from './types'

/** `first`: this is what was there when we came, not news. */
type Listener = (changes: Change[], first: boolean) => void
export type Phase = 'empty' | 'loading' | 'ready' | 'catching' | 'failed'

/** How long a closed case stays on the screen, greyed, so that nobody wonders where it went. */
const FAREWELL_MS = 5_000

export const useLive = defineStore('live', () => {
  const core = new LiveCore()
  const rows = shallowRef(core.rows)
  const leaving = shallowRef(new Map<string, { row: CaseRow; at: number }>())
  /** Rows of cases that were looked at and are not open, so that one can act on them too: reopen, note. */
  const seen = shallowRef(new Map<string, CaseRow>())
  const phase = ref<Phase>('empty')
  const failure = ref<Failure | null>(null)
  const caughtUp = ref(0)
  const seq = ref(-1)

  const listeners = new Set<Listener>()
  let waiting: LiveBatch[] = []
  let syncing: Promise<void> | null = null
  let behindSince = 0

  const all = computed(() => [...rows.value.values()])

  function listen(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  function announce(changes: Change[], first = false): void {
    seq.value = core.seq
    if (!changes.length) return
    const at = serverNow()
    for (const { row, gone } of changes) {
      if (gone) leaving.value.set(row.id, { row, at })
      else leaving.value.delete(row.id)
      if (seen.value.has(row.id)) seen.value.set(row.id, row)
    }
    triggerRef(rows)
    triggerRef(leaving)
    triggerRef(seen)
    listeners.forEach((listener) => listener(changes, first))
    if (changes.some((change) => change.gone)) setTimeout(sweep, FAREWELL_MS + 50)
  }

  function sweep(): void {
    const limit = serverNow() - FAREWELL_MS
    for (const [id, { at }] of leaving.value) if (at <= limit) leaving.value.delete(id)
    triggerRef(leaving)
  }

  /** A batch from the socket. */
  function receive(batch: LiveBatch): void {
    learnServerTime(batch.server_time)
    if (syncing || core.seq < 0) {
      waiting.push(batch)
      return
    }
    const changes: Change[] = []
    const applied = core.apply(batch, changes)
    announce(changes)
    if (applied === 'applied') review(batch)
    if (applied === 'gap') {
      waiting.push(batch)
      void sync()
    }
  }

  /** The heartbeat says how far the stream is; being behind for more than a second means that a batch was lost. */
  function beat({ seq: told }: Beat): void {
    if (core.seq < 0 || told <= core.seq) {
      behindSince = 0
      return
    }
    behindSince ||= performance.now()
    if (performance.now() - behindSince > 1_000) {
      behindSince = 0
      void sync()
    }
  }

  /** Fetches what we miss: the batches after ours, or everything when that is too long ago. */
  function sync(): Promise<void> {
    syncing ??= fetchMissing().finally(() => {
      syncing = null
      if (waiting.length) drain()
    })
    return syncing
  }

  async function fetchMissing(): Promise<void> {
    phase.value = core.seq < 0 ? 'loading' : 'catching'
    const from = core.seq
    try {
      const changes = (await since()) ?? (await snapshot())
      caughtUp.value = from < 0 ? 0 : changes.length
      failure.value = null
      phase.value = 'ready'
      announce(changes, from < 0)
    } catch (error) {
      failure.value = asFailure(error)
      phase.value = core.seq < 0 ? 'failed' : 'ready'
    }
  }

  async function since(): Promise<Change[] | null> {
    if (core.seq < 0) return null
    try {
      const batch = await ask<LiveBatch>('/live/since', { query: { seq: core.seq } })
      learnServerTime(batch.server_time)
      const changes: Change[] = []
      core.catchUp(batch, changes)
      review(batch)
      return changes
    } catch (error) {
      if (error instanceof Failure && error.status === 410) return null
      throw error
    }
  }

  async function snapshot(): Promise<Change[]> {
    const started = performance.now()
    const answer = await ask<Snapshot>('/live/snapshot')
    learnServerTime(answer.server_time, performance.now() - started)
    return core.reset(answer)
  }

  function drain(): void {
    const batches = waiting.sort((a, b) => a.seq - b.seq)
    waiting = []
    for (const batch of batches) receive(batch)
  }

  /** The row that a command answered; it may be here before the stream brings it. */
  function accept(row: CaseRow): void {
    const change = isOver(row) || row.state === 'planned' ? core.remove(row) : core.put(row)
    if (change) announce([change])
    else if (seen.value.has(row.id)) see(row)
  }

  /** What is told of a case that is looked at and not open: planned, or over. */
  function review({ ops }: LiveBatch): void {
    for (const { row } of ops) if (seen.value.has(row.id)) see(row)
  }

  function see(row: CaseRow): void {
    const known = seen.value.get(row.id)
    if (known && known.version > row.version) return
    seen.value.set(row.id, row)
    triggerRef(seen)
  }

  function find(id: string | null | undefined): CaseRow | null {
    if (!id) return null
    return rows.value.get(id) ?? leaving.value.get(id)?.row ?? seen.value.get(id) ?? null
  }

  function forget(): void {
    core.rows.clear()
    seen.value.clear()
    core.seq = -1
    waiting = []
    phase.value = 'empty'
    triggerRef(rows)
  }

  return { rows, all, leaving, phase, failure, caughtUp, seq, listen, receive, beat, sync, accept, see, find, forget }
})
