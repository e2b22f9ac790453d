import type { Change } from '@/live/core'
import type { CaseRow } from '@/live/types'

export function ringsFor(row: CaseRow | null, me: string | undefined): boolean {
  return !!me && !!row?.rings_for?.includes(me)
}

/**
 * Whether the telephone begins to ring at my desk: there alone where the exchange says whose it is, else at everybody's.
 * A console that is opened while its telephone rings shows the call too.
 */
export function beginsToRing({ row, before, gone }: Change, me: string | undefined, first: boolean): boolean {
  if (gone) return false
  if (row.rings_for) return ringsFor(row, me) && (first || !ringsFor(before, me))
  return !first && !before && row.cause === 'call' && row.state === 'new' && !row.flags.includes('missed_call')
}

/** Whether a call that rang here is somebody else's now, or nobody's. */
export function rangOut(row: CaseRow, me: string | undefined, gone: boolean): boolean {
  if (gone) return true
  return row.rings_for ? !ringsFor(row, me) : !!row.owner || row.flags.includes('missed_call')
}
