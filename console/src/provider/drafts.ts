/**
 * What somebody is writing down about a visit. It is on the disk because taking a picture makes many a telephone throw the
 * page away, and coming back must not mean to start over.
 */
import { reactive, watch } from 'vue'
import { inTable } from './database'

export interface Photo { uuid: string; bytes: ArrayBuffer }
export interface Draft {
  job: string
  done: string[]
  ok: boolean | null
  note: string
  photos: Photo[]
  /** So many pictures of this visit are on their way already. */
  sent: number
}

const open = new Map<string, Draft>()

/** Empty at first; what the disk knows of it comes a moment later. */
export function draftOf(job: string): Draft {
  const known = open.get(job)
  if (known) return known
  const draft = reactive<Draft>({ job, done: [], ok: null, note: '', photos: [], sent: 0 })
  open.set(job, draft)
  // Without a disk it lives as long as the page.
  void inTable<Draft | undefined>('drafts', 'readonly', (rows) => rows.get(job))
    .then((kept) => { if (kept) Object.assign(draft, kept) }, () => undefined)
    .then(() => watch(draft, () => { if (open.has(job)) void keep(draft) }))
  return draft
}

async function keep(draft: Draft): Promise<void> {
  const plain = { ...draft, done: [...draft.done], photos: draft.photos.map(({ uuid, bytes }) => ({ uuid, bytes })) }
  await inTable('drafts', 'readwrite', (rows) => rows.put(plain)).catch(() => undefined)
}

export async function forget(job: string): Promise<void> {
  open.delete(job)
  await inTable('drafts', 'readwrite', (rows) => rows.delete(job)).catch(() => undefined)
}

/** Nothing of a home stays on a telephone longer than its visit is on the list. */
export async function sweep(jobs: string[]): Promise<void> {
  const kept = await inTable<IDBValidKey[]>('drafts', 'readonly', (rows) => rows.getAllKeys()).catch(() => [])
  // Those of check-in visits go with their own round.
  for (const job of kept.map(String)) if (!job.startsWith('visit-') && !jobs.includes(job)) await forget(job)
}
