import { ref } from 'vue'
import { inTable } from './database'
import type { Entry, Shelf } from './queue'

/** False: the telephone keeps nothing, and what was done is lost when the page is closed. The page says so. */
export const durable = ref(true)

/** What the disk would not take. */
const unsaved = new Map<number, Entry>()

async function onDisk<T>(mode: IDBTransactionMode, work: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  try {
    const done = await inTable('queue', mode, work)
    if (mode === 'readwrite') durable.value = !unsaved.size
    return done
  } catch {
    durable.value = false
    return null
  }
}

/** On the telephone's disk; in memory where that is full or forbidden, because a check-in is worth more than none. */
export const shelf: Shelf = {
  async all() {
    return [...((await onDisk<Entry[]>('readonly', (rows) => rows.getAll())) ?? []), ...unsaved.values()]
  },
  async add(entry) {
    const key = await onDisk<IDBValidKey>('readwrite', (rows) => rows.add(entry))
    if (typeof key === 'number') return key
    // After everything that is on the disk, in the order of adding.
    const seq = Number.MAX_SAFE_INTEGER / 2 + unsaved.size
    unsaved.set(seq, { ...entry, seq })
    return seq
  },
  async put(entry) {
    if (unsaved.has(entry.seq)) unsaved.set(entry.seq, entry)
    else await onDisk('readwrite', (rows) => rows.put(entry))
  },
  async remove(seq) {
    if (unsaved.delete(seq)) durable.value = !unsaved.size
    else await onDisk('readwrite', (rows) => rows.delete(seq))
  },
}
