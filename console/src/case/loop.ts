import { isOver } from '@/live/core'
import type { CaseEvent, CaseRow } from '@/live/types'

export const STEPS = ['found', 'handed', 'handled', 'reported', 'rated'] as const
export type LoopStep = (typeof STEPS)[number]

/** Somebody has to answer for it, or is asked to go. */
const HANDED = ['taken', 'taken_over', 'given_to', 'offers_sent', 'cascade_started', 'handed_over']
/** Somebody deals with it: goes, or speaks with the elder. */
const HANDLED = ['offer_accepted', 'cascade_accepted', 'helper_departed', 'helper_arrived', 'arrived', 'handed_to_service', 'call_out', 'script_answer', 'note']
/** What came of it is known. */
const REPORTED = ['helper_done', 'closed', 'order_cancelled']
const RATED = ['follow_up', 'closed', 'order_cancelled']

/** The five steps of the grid loop, derived from the history: when each was reached; null: not yet. */
export function loopOf(row: CaseRow, events: CaseEvent[]): Record<LoopStep, string | null> {
  const again = events.map(({ kind }) => kind).lastIndexOf('reopened')
  const sinceReopened = events.slice(again + 1)
  const first = (kinds: string[], among: CaseEvent[], from = '') => among.find(({ kind, at }) => kinds.includes(kind) && at >= from)?.at ?? null
  const handed = first(HANDED, events)
  const rated = isOver(row) ? sinceReopened.filter(({ kind }) => RATED.includes(kind)).pop()?.at ?? null : null
  return {
    found: first(['planned'], events) ?? row.opened_at,
    handed,
    handled: handed && first(HANDLED, events, handed),
    reported: first(REPORTED, sinceReopened),
    rated,
  }
}
