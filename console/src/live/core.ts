import type { CaseRow, LiveBatch, Snapshot } from './types'

export type Applied = 'applied' | 'old' | 'gap'
export interface Change { row: CaseRow; before: CaseRow | null; gone: boolean }

/**
 * The rows of all open cases, kept true by a contiguous stream of numbered batches.
 *
 * A batch is applied only if it is the very next one. A row is applied only if its version is not
 * older than the one we hold, because an answer to a command may overtake the stream.
 */
export class LiveCore {
  readonly rows = new Map<string, CaseRow>()
  /** Versions of rows that left, so that a late put cannot bring a ghost back. */
  private readonly left = new Map<string, number>()
  seq = -1

  reset(snapshot: Snapshot): Change[] {
    const changes: Change[] = []
    const present = new Set(snapshot.cases.map((row) => row.id))
    for (const [id, before] of this.rows) {
      if (!present.has(id)) {
        this.rows.delete(id)
        this.left.set(id, before.version)
        changes.push({ row: before, before, gone: true })
      }
    }
    for (const row of snapshot.cases) {
      const change = this.put(row)
      if (change) changes.push(change)
    }
    this.seq = snapshot.seq
    return changes
  }

  apply(batch: LiveBatch, changes: Change[] = []): Applied {
    if (batch.seq <= this.seq) return 'old'
    if (batch.seq !== this.seq + 1) return 'gap'
    this.take(batch.ops, changes)
    this.seq = batch.seq
    return 'applied'
  }

  /** The answer of GET /live/since: everything after our number, in one piece. */
  catchUp(batch: LiveBatch, changes: Change[] = []): void {
    this.take(batch.ops, changes)
    this.seq = Math.max(this.seq, batch.seq)
  }

  put(row: CaseRow): Change | null {
    const before = this.rows.get(row.id) ?? null
    const known = before?.version ?? this.left.get(row.id) ?? -1
    if (row.version < known) return null
    this.left.delete(row.id)
    this.rows.set(row.id, row)
    return { row, before, gone: false }
  }

  remove(row: CaseRow): Change | null {
    const before = this.rows.get(row.id) ?? null
    if (before && row.version < before.version) return null
    this.rows.delete(row.id)
    this.left.set(row.id, Math.max(row.version, this.left.get(row.id) ?? -1))
    return before ? { row: row.elsewhere ? before : row, before, gone: true } : null
  }

  private take(ops: LiveBatch['ops'], changes: Change[]): void {
    for (const { op, row } of ops) {
      const change = op === 'put' && !isOver(row) ? this.put(row) : this.remove(row)
      if (change) changes.push(change)
    }
  }
}

export function isOver(row: CaseRow): boolean {
  return row.state === 'closed' || row.state === 'cancelled' || row.state === 'merged'
}
