/**
 * What a helper did, on its way to the centre. It is on the telephone's disk before anything is sent, and leaves it when
 * the centre has it: at least once from here, and once there, because the centre knows every `uuid`.
 */
import type { Position } from './types'

export type Deed = 'depart' | 'arrive' | 'complete' | 'photo' | 'help'
/** `late`: the centre has it, but had ended the visit before. `refused`: the centre will not take it, and says why. */
export type Fate = 'waiting' | 'late' | 'refused'

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
  fate: Fate
  why: string
}

/** Where entries lie. */
export interface Shelf {
  all(): Promise<Entry[]>
  add(entry: Omit<Entry, 'seq'>): Promise<number>
  put(entry: Entry): Promise<void>
  remove(seq: number): Promise<void>
}

/** `again`: not now, and nothing else of this job before it. `stop`: nothing gets through. */
export type Outcome = { kind: 'sent' } | { kind: 'late' } | { kind: 'refused'; why: string } | { kind: 'again' } | { kind: 'stop' }

/** When it happened, by the centre's clock as far as it was known. */
export function happenedAt(entry: Entry): string {
  return new Date(Date.parse(entry.device_at) + entry.offset_ms).toISOString()
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
      if (outcome.kind === 'again') blocked.add(lane(entry))
      else if (outcome.kind === 'sent') await this.shelf.remove(entry.seq)
      else await this.shelf.put({ ...entry, photo: null, fate: outcome.kind, why: outcome.kind === 'refused' ? outcome.why : '' })
    }
  }
}

/** What goes in order: all of one job. A cry for help waits for nothing, and nothing waits for it. */
function lane(entry: Entry): string {
  return entry.deed === 'help' ? `help ${entry.uuid}` : entry.job
}

function next(entries: Entry[]): Entry | undefined {
  const waiting = entries.filter(({ fate }) => fate === 'waiting').sort((a, b) => a.seq - b.seq)
  return waiting.find(({ deed }) => deed === 'help') ?? waiting[0]
}
