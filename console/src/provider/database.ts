/** The telephone's own database: what was done and not yet sent, what is being written down, and today's list. */
import { ref } from 'vue'

const NAME = 'provider'
export type Table = 'queue' | 'drafts' | 'today'
const TABLES: Record<Table, IDBObjectStoreParameters> = {
  queue: { keyPath: 'seq', autoIncrement: true },
  drafts: { keyPath: 'job' },
  today: { keyPath: 'key' },
}

/** The telephone has no room left. */
export const full = ref(false)

let opening: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, 2)
    request.onupgradeneeded = () => {
      const { result } = request
      for (const [name, how] of Object.entries(TABLES)) if (!result.objectStoreNames.contains(name)) result.createObjectStore(name, how)
    }
    request.onsuccess = () => {
      // Another tab has a newer page, which must not wait for this one.
      request.result.onversionchange = () => { request.result.close(); opening = null }
      resolve(request.result)
    }
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error('another tab holds an old database'))
  }).catch((error: unknown) => {
    opening = null
    throw error
  })
  return opening
}

/** One transaction: settled when it is on the disk, and not when it was only asked for. */
export async function inTable<T>(table: Table, mode: IDBTransactionMode, work: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open()
  return new Promise<T>((resolve, reject) => {
    const transaction = database.transaction(table, mode)
    const request = work(transaction.objectStore(table))
    transaction.oncomplete = () => resolve(request.result)
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error)
  }).then((result) => {
    if (mode === 'readwrite') full.value = false
    return result
  }, (error: unknown) => {
    full.value ||= (error as DOMException | null)?.name === 'QuotaExceededError'
    throw error
  })
}
