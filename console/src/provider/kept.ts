/**
 * Today's list on the telephone, for a village without a signal: the last one that the centre told, of one person, for
 * one day. It goes at sign-out, at midnight, and when the centre knows the sign-in no more.
 */
import { dayOf, setZone, zoneName } from '@/i18n/zone'
import { learnServerTime, serverNow, skew } from '@/live/clock'
import { inTable } from './database'
import type { MyJobs } from './types'

interface Kept {
  key: 'today'
  user: { id: string; name: string }
  /** The centre's day, time zone, and how far this telephone's clock was ahead of the centre's. */
  day: string
  zone: string
  skew: number
  at: number
  mine: MyJobs
}

export interface Opened { user: Kept['user']; at: number; mine: MyJobs }

/** What is asked is not kept: by the time that it is read again nobody waits for the answer. */
export function keepToday(user: Kept['user'], mine: MyJobs): void {
  const day = dayOf(serverNow())
  const jobs = mine.jobs.filter(({ due_at }) => dayOf(due_at) <= day)
  const row: Kept = { key: 'today', user: { ...user }, day, zone: zoneName() ?? '', skew: skew.value, at: Date.now(), mine: { ...mine, offers: [], jobs } }
  void inTable('today', 'readwrite', (rows) => rows.put(row)).catch(() => undefined)
}

interface KeptRow { key: string; owner: string; day: string; row: unknown }

/** Something else of today's, of the same person and for as long. */
export function keepRow(key: string, owner: Kept['user'], row: unknown): void {
  const kept: KeptRow = { key, owner: owner.id, day: dayOf(serverNow()), row }
  void inTable('today', 'readwrite', (rows) => rows.put(kept)).catch(() => undefined)
}

export async function readRow<T>(key: string, owner: Kept['user']): Promise<T | null> {
  const kept = await inTable<KeptRow | undefined>('today', 'readonly', (rows) => rows.get(key)).catch(() => undefined)
  return kept?.owner === owner.id && kept.day === dayOf(serverNow()) ? (kept.row as T) : null
}

/** Null: there is none, or it is of another day. The clock goes on where it was left. */
export async function readToday(): Promise<Opened | null> {
  const row = await inTable<Kept | undefined>('today', 'readonly', (rows) => rows.get('today')).catch(() => undefined)
  if (!row) return null
  if (row.zone) setZone(row.zone)
  const now = Date.now() - row.skew
  if (dayOf(now) !== row.day) {
    await forgetToday()
    return null
  }
  learnServerTime(new Date(now).toISOString())
  return row
}

export async function forgetToday(): Promise<void> {
  await inTable('today', 'readwrite', (rows) => rows.clear()).catch(() => undefined)
}
