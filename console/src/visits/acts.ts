import { ask, newKey } from '@/live/api'
import type { VisitRow } from './types'

/** Something is done about the visit that is on the screen. Throws `Failure`. */
export function act(visit: VisitRow, verb: 'record' | 'refuse' | 'excuse' | 'found-well' | 'confirm' | 'move', body: Record<string, unknown>): Promise<VisitRow> {
  return ask<VisitRow>(`/visits/${visit.id}/${verb}`, { method: 'POST', body: { ...body, version: visit.version }, key: newKey() })
}

/** What each state still lets a person do; the server decides. */
export function mayDo(visit: VisitRow): Record<'record' | 'move' | 'confirm' | 'refuse' | 'excuse', boolean> {
  const open = ['planned', 'booked', 'missed'].includes(visit.state)
  return { record: visit.state !== 'done', move: open && visit.state !== 'missed', confirm: visit.state === 'booked' && !visit.confirmed_at, refuse: open, excuse: open }
}
