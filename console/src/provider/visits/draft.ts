/** What somebody is writing down at a visit. On the disk, for the same reason as the other drafts. */
import { reactive, toRaw, watch } from 'vue'
import { newKey } from '@/live/api'
import { inTable } from '../database'
import type { Photo } from '../drafts'
import type { Position } from '../types'
import type { Grade, Mode } from './types'

export interface VisitDraft {
  job: string
  /** Of the record and of the signature: however often they are sent, the centre has them once. */
  uuid: string
  sign_uuid: string
  mode: Mode
  /** By the centre's clock, as far as it is known. */
  started_at: string
  position: Position | null
  /** Why they are not at the home; the code of the elder's card. */
  why: string
  code: string
  items: Record<string, Grade>
  economy: string
  supporter: string
  policy: boolean | null
  needs: string[]
  wish: string
  /** What was said to be urgent, and is under way already. */
  urgent: string
  note: string
  next_on: string
  photos: Photo[]
  sent: number
  consent: boolean
  signature: ArrayBuffer | null
  /** Which part is on the screen. */
  step: number
}

const PREFIX = 'visit-'
const open = new Map<string, VisitDraft>()

export function fresh(job: string): VisitDraft {
  return {
    job, uuid: newKey(), sign_uuid: newKey(), mode: 'home', started_at: '', position: null, why: '', code: '', items: {}, economy: '', supporter: '', policy: null,
    needs: [], wish: '', urgent: '', note: '', next_on: '', photos: [], sent: 0, consent: false, signature: null, step: 0,
  }
}

/** Empty at first; what the disk knows of it is there when the promise is settled. */
export async function draftOf(job: string): Promise<VisitDraft> {
  const known = open.get(job)
  if (known) return known
  const draft = reactive<VisitDraft>(fresh(job))
  open.set(job, draft)
  const kept = await inTable<VisitDraft | undefined>('drafts', 'readonly', (rows) => rows.get(job)).catch(() => undefined)
  if (kept) Object.assign(draft, kept)
  watch(draft, () => { if (open.has(job)) void keep(draft) }, { deep: true })
  return draft
}

async function keep(draft: VisitDraft): Promise<void> {
  const raw = toRaw(draft)
  const photos = raw.photos.map(({ uuid, bytes }) => ({ uuid, bytes }))
  const plain = { ...raw, items: { ...raw.items }, needs: [...raw.needs], position: raw.position && { ...raw.position }, photos }
  await inTable('drafts', 'readwrite', (rows) => rows.put(plain)).catch(() => undefined)
}

export async function forgetVisit(job: string): Promise<void> {
  open.delete(job)
  await inTable('drafts', 'readwrite', (rows) => rows.delete(job)).catch(() => undefined)
}

/** Of which visits something is being written down. */
export async function begun(): Promise<string[]> {
  const kept = await inTable<IDBValidKey[]>('drafts', 'readonly', (rows) => rows.getAllKeys()).catch(() => [])
  return [...new Set([...kept.map(String).filter((key) => key.startsWith(PREFIX)), ...open.keys()])]
}

/** Nothing of a home stays on a telephone longer than its visit is on the list. */
export async function sweepVisits(jobs: string[]): Promise<void> {
  for (const key of await begun()) if (!jobs.includes(key)) await forgetVisit(key)
}
