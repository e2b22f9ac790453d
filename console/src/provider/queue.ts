/**
 * What a helper did, on its way to the centre. It is on the telephone's disk before anything is sent, and leaves it when
 * the centre has it: at least once from here, and once there, because the centre knows every `uuid`.
 */
import type { Position } from './types'

export type Deed = 'depart' | 'arrive' | 'complete' | 'photo' | 'help' | VisitDeed
export type VisitDeed = 'record' | 'tried' | 'refuse' | 'urgent' | 'danger' | 'picture' | 'signature'
/**
 * `late`: the centre has it, but had ended the visit before. `closed`: it had, and did not take it. `refused`: it will not
 * take it, and says why. What the centre does not have stays here with its picture until the person has read that.
 */
export type Fate = 'waiting' | 'late' | 'closed' | 'refused'

/** What a check-in visit sends, and where to: its forms know that, and this queue carries it. */
export interface Call { path: string; body: Record<string, unknown>; type?: string }

export interface Evidence { done?: string[]; ok?: boolean; note?: string; code?: string }

export interface Entry {
  /** The order in which things were done; given by the shelf. */
  seq: number
  uuid: string
  /** Whose sign-in it belongs to: on a shared telephone nothing goes out under another name. */
  owner: string
  job: string
  case_number: string
  deed: Deed
  /** By the telephone's own clock, which may be wrong: `offset_ms` is how far the centre's was ahead of it then. */
  device_at: string
  offset_ms: number
  position: Position | null
  evidence: Evidence
  photo: ArrayBuffer | null
  /** Of a check-in visit; then `job` is its name. */
  call?: Call
  fate: Fate
  why: string
  /** Who was first. */
  by?: string
  /** How often the centre said that something stood in its way. */
  conflicts?: number
}

/** Where entries lie. */
export interface Shelf {
  all(): Promise<Entry[]>
  add(entry: Omit<Entry, 'seq'>): Promise<number>
  put(entry: Entry): Promise<void>
  remove(seq: number): Promise<void>
}

/**
 * `again`: not now, and nothing else of this job before it. `conflict`: the same, but not for ever. `stop`: nothing gets
 * through.
 */
export interface Outcome { kind: 'sent' | 'late' | 'closed' | 'refused' | 'again' | 'conflict' | 'stop'; why?: string; by?: string }

/** A case that is merged under our hands is in the way once; what is still in the way then will stay there. */
const CONFLICTS = 3

/** When it happened, by the centre's clock as far as it was known. */
export function happenedAt(entry: Entry): string {
  return new Date(Date.parse(entry.device_at) + entry.offset_ms).toISOString()
}

/** Of an answer that is no yes. `status` 0: there was none. */
export function outcomeOf({ status, code }: { status: number; code: string }): Outcome {
  if (status === 0 || status === 401 || status === 403) return { kind: 'stop' }
  // An impatient door, a server that is ill: the same again, later.
  if (status === 408 || status === 429 || status >= 500) return { kind: 'again' }
  const kind = status === 409 ? 'conflict' : status === 410 ? 'closed' : 'refused'
  return { kind, why: code }
}

export class Queue {
  private flushing: Promise<void> | null = null

  constructor(
    private readonly shelf: Shelf,
    private readonly send: (entry: Entry) => Promise<Outcome>,
    /** Is told what lies on the shelf whenever that changes. */
    private readonly show: (entries: Entry[]) => void,
  ) {}

  async add(entry: Omit<Entry, 'seq'>): Promise<void> {
    await this.shelf.add(entry)
    await this.look()
  }

  /** The person has read what became of it. */
  async dismiss(seq: number): Promise<void> {
    await this.shelf.remove(seq)
    await this.look()
  }

  /** What the centre did not take is sent once more. */
  async again(seq: number): Promise<void> {
    const entry = (await this.shelf.all()).find((one) => one.seq === seq)
    if (entry) await this.shelf.put({ ...entry, fate: 'waiting', why: '', conflicts: 0 })
    await this.look()
  }

  /** Send what waits of this owner. Asked for while it runs, it is the same run: that one looks at the shelf before each. */
  flush(owner: string): Promise<void> {
    this.flushing ??= this.run(owner).finally(() => { this.flushing = null })
    return this.flushing
  }

  async look(): Promise<Entry[]> {
    const entries = await this.shelf.all()
    this.show(entries)
    return entries
  }

  private async run(owner: string): Promise<void> {
    const blocked = new Set<string>()
    for (;;) {
      const entry = next((await this.look()).filter((one) => one.owner === owner && !blocked.has(lane(one))))
      if (!entry) return
      const outcome = await this.send(entry)
      if (outcome.kind === 'stop') return
      if (outcome.kind === 'sent') await this.shelf.remove(entry.seq)
      else if (await this.waits(entry, outcome)) blocked.add(lane(entry))
    }
  }

  /** Write down what the centre said of it. True: it is sent again at the next turn. */
  private async waits(entry: Entry, outcome: Outcome): Promise<boolean> {
    if (outcome.kind === 'again') return true
    const conflicts = (entry.conflicts ?? 0) + 1
    if (outcome.kind === 'conflict' && conflicts < CONFLICTS) {
      await this.shelf.put({ ...entry, conflicts })
      return true
    }
    const fate = outcome.kind === 'conflict' ? 'closed' : (outcome.kind as Fate)
    await this.shelf.put({ ...entry, photo: fate === 'late' ? null : entry.photo, fate, why: outcome.why ?? '', by: outcome.by })
    return false
  }
}

/** Somebody is in need. */
const CRIES: Deed[] = ['help', 'urgent', 'danger']

/** What goes in order: all of one job or visit. A cry for help waits for nothing, and nothing waits for it. */
function lane(entry: Entry): string {
  return CRIES.includes(entry.deed) ? `cry ${entry.uuid}` : entry.job
}

function next(entries: Entry[]): Entry | undefined {
  const waiting = entries.filter(({ fate }) => fate === 'waiting').sort((a, b) => a.seq - b.seq)
  return waiting.find(({ deed }) => CRIES.includes(deed)) ?? waiting[0]
}
