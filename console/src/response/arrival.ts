import { serverNow } from '@/live/clock'
import type { Arrival } from './types'

const DAY_MS = 86_400_000

/** What is waited for first, by its time; then what came of the others, the newest first. */
export function inOrder(arrivals: Arrival[]): Arrival[] {
  const open = arrivals.filter(({ state }) => state === 'open').sort((a, b) => (a.due_at < b.due_at ? -1 : 1))
  const settled = arrivals.filter(({ state }) => state !== 'open').sort((a, b) => ((a.settled_at ?? '') < (b.settled_at ?? '') ? 1 : -1))
  return [...open, ...settled]
}

/** A time of day as people say it: the next one, so shortly before midnight 00:10 is tomorrow. */
export function nextTime(clock: string): Date | null {
  const [hours, minutes] = clock.split(':').map(Number)
  if (hours === undefined || minutes === undefined || Number.isNaN(hours + minutes)) return null
  const at = new Date(serverNow())
  at.setHours(hours, minutes, 0, 0)
  return at.getTime() > serverNow() ? at : new Date(at.getTime() + DAY_MS)
}
