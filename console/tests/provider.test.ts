import { describe, expect, it } from 'vitest'
import { type Entry, happenedAt, type Outcome, outcomeOf, Queue, type Shelf } from '@/provider/queue'

/** A shelf in memory, as the telephone's disk is one. */
class Disk implements Shelf {
  rows: Entry[] = []
  private last = 0
  async all() { return [...this.rows] }
  async add(entry: Omit<Entry, 'seq'>) {
    this.last += 1
    this.rows.push({ ...entry, seq: this.last })
    return this.last
  }
  async put(entry: Entry) { this.rows = this.rows.map((row) => (row.seq === entry.seq ? entry : row)) }
  async remove(seq: number) { this.rows = this.rows.filter((row) => row.seq !== seq) }
}

function entry(uuid: string, more: Partial<Entry> = {}): Omit<Entry, 'seq'> {
  return {
    uuid, owner: 'me', job: '1', case_number: '371', deed: 'arrive', device_at: '2026-11-24T01:00:00.000Z', offset_ms: 0,
    position: null, evidence: {}, photo: null, fate: 'waiting', why: '', ...more,
  }
}

/** A centre that answers as it is told, and remembers what it got. */
function centre(answers: Record<string, Outcome[]> = {}) {
  const got: string[] = []
  const disk = new Disk()
  const queue = new Queue(disk, async ({ uuid }) => {
    got.push(uuid)
    return answers[uuid]?.shift() ?? { kind: 'sent' }
  }, () => {})
  return { got, disk, queue }
}

describe('the queue of a telephone', () => {
  it('sends in the order of doing, and forgets what has arrived', async () => {
    const { got, disk, queue } = centre()
    for (const uuid of ['in', 'photo', 'out']) await queue.add(entry(uuid))
    await queue.flush('me')
    expect(got).toEqual(['in', 'photo', 'out'])
    expect(disk.rows).toEqual([])
  })

  it('keeps everything when nothing gets through, and sends each once afterwards', async () => {
    const { got, disk, queue } = centre({ in: [{ kind: 'stop' }] })
    for (const uuid of ['in', 'out']) await queue.add(entry(uuid))
    await queue.flush('me')
    expect(got).toEqual(['in'])
    expect(disk.rows.map(({ uuid }) => uuid)).toEqual(['in', 'out'])
    await queue.flush('me')
    expect(got).toEqual(['in', 'in', 'out'])
  })

  it('lets nothing of a job overtake, while other jobs go on', async () => {
    const { got, disk, queue } = centre({ in: [{ kind: 'again' }] })
    await queue.add(entry('in'))
    await queue.add(entry('out'))
    await queue.add(entry('elsewhere', { job: '2' }))
    await queue.flush('me')
    expect(got).toEqual(['in', 'elsewhere'])
    expect(disk.rows.map(({ uuid }) => uuid)).toEqual(['in', 'out'])
  })

  it('sends a cry for help before everything else', async () => {
    const { got, queue } = centre({ in: [{ kind: 'again' }] })
    await queue.add(entry('in'))
    await queue.add(entry('cry', { deed: 'help' }))
    await queue.flush('me')
    expect(got).toEqual(['cry', 'in'])
  })

  it('sends what is urgent at a visit before its record, and before what is older', async () => {
    const { got, queue } = centre()
    await queue.add(entry('first', { job: 'visit-1', deed: 'record' }))
    await queue.add(entry('picture', { job: 'visit-2', deed: 'picture' }))
    await queue.add(entry('record', { job: 'visit-2', deed: 'record' }))
    await queue.add(entry('urgent', { job: 'visit-2', deed: 'urgent' }))
    await queue.flush('me')
    expect(got).toEqual(['urgent', 'first', 'picture', 'record'])
  })

  it('says who was first, and sends again what the centre did not take when somebody asks for it', async () => {
    const { got, disk, queue } = centre({ one: [{ kind: 'late', why: 'recorded', by: 'Mei' }], two: [{ kind: 'refused', why: 'x' }] })
    await queue.add(entry('one', { deed: 'record' }))
    await queue.add(entry('two', { deed: 'record' }))
    await queue.flush('me')
    expect(disk.rows.map(({ fate, why, by }) => [fate, why, by])).toEqual([['late', 'recorded', 'Mei'], ['refused', 'x', undefined]])
    await queue.again(2)
    await queue.flush('me')
    expect(got).toEqual(['one', 'two', 'two'])
    expect(disk.rows.map(({ uuid }) => uuid)).toEqual(['one'])
  })

  it('does not repeat a cry that the centre could not take before its next turn', async () => {
    const { got, queue } = centre({ cry: [{ kind: 'again' }] })
    await queue.add(entry('cry', { deed: 'help' }))
    await queue.add(entry('in'))
    await queue.flush('me')
    expect(got).toEqual(['cry', 'in'])
  })

  it('keeps for reading what came too late or was not taken, with its picture where the centre has none', async () => {
    const { got, disk, queue } = centre({ in: [{ kind: 'late' }], photo: [{ kind: 'refused', why: 'not-found' }] })
    await queue.add(entry('in'))
    await queue.add(entry('photo', { deed: 'photo', photo: new ArrayBuffer(8) }))
    await queue.flush('me')
    await queue.flush('me')
    expect(got).toEqual(['in', 'photo'])
    expect(disk.rows.map(({ fate, why, photo }) => [fate, why, photo])).toEqual([['late', '', null], ['refused', 'not-found', new ArrayBuffer(8)]])
    for (const { seq } of disk.rows) await queue.dismiss(seq)
    expect(disk.rows).toEqual([])
  })

  it('asks a few times where a case stands in the way, and then keeps what the centre had closed', async () => {
    const { got, disk, queue } = centre({ in: Array<Outcome>(9).fill({ kind: 'conflict' }) })
    await queue.add(entry('in'))
    await queue.add(entry('out'))
    for (let turn = 0; turn < 3; turn += 1) await queue.flush('me')
    expect(got).toEqual(['in', 'in', 'in', 'out'])
    expect(disk.rows.map(({ uuid, fate }) => [uuid, fate])).toEqual([['in', 'closed']])
  })

  it('knows what to send again from what the centre says', () => {
    const kinds = [0, 401, 408, 409, 410, 422, 429, 503].map((status) => outcomeOf({ status, code: 'x' }).kind)
    expect(kinds).toEqual(['stop', 'stop', 'again', 'conflict', 'closed', 'refused', 'again', 'again'])
  })

  it('sends nothing of somebody else who used this telephone', async () => {
    const { got, disk, queue } = centre()
    await queue.add(entry('theirs', { owner: 'other' }))
    await queue.flush('me')
    expect(got).toEqual([])
    expect(disk.rows).toHaveLength(1)
  })

  it('sends what is added while it runs, in the same run', async () => {
    const { got, queue } = centre()
    await queue.add(entry('in'))
    const running = queue.flush('me')
    await queue.add(entry('out'))
    await Promise.all([running, queue.flush('me')])
    expect(got).toEqual(['in', 'out'])
  })

  it('tells when something happened by the clock of the centre', () => {
    expect(happenedAt({ ...entry('in', { offset_ms: -90_000 }), seq: 1 })).toBe('2026-11-24T00:58:30.000Z')
  })
})
