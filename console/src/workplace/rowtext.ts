import { t, word } from '@/i18n'
import type { CaseRow } from '@/live/types'

/** A home with two elders and one alarm: the address is known, the person is not yet. */
export function whoOf(row: CaseRow): string {
  if (row.elder) return row.elder.name
  // A short number is masked to nothing but stars.
  if (row.caller && /\d/.test(row.caller)) return row.caller
  if (row.flags.includes('unknown_device')) return t('case.unknown_device')
  return row.address_short ? t('case.somebody_home') : t('case.unknown_person')
}

export function isHeld(row: CaseRow): boolean {
  return row.flags.includes('held')
}

export function causeOf(row: CaseRow): string {
  if (row.flags.includes('missed_call')) return t('flag.missed_call')
  if (row.cause === 'request' || !row.cause) return row.help ? word('help', row.help) : word('kind', row.kind)
  return word('cause', row.cause)
}

/** The flags of a row that change what an operator does next, most pressing first. */
const SHOWN = ['elder_answered', 'cascade_exhausted', 'late_arrival', 'ask_owner', 'callback_late', 'complaint_late', 'unhappy', 'follow_up_late', 'returned', 'callback_due', 'new_signal', 'restored', 'cancelled_by_elder', 'in_hospital', 'away', 'unknown_device', 'complaint', 'again', 'spooled', 'follow_up', 'late_entry']
export function flagsOf(row: CaseRow): string[] {
  return SHOWN.filter((flag) => row.flags.includes(flag) && !(flag === 'follow_up' && row.state === 'pending_follow_up'))
}

/** Short number for people: the last part of a long one. */
export function numberOf(row: CaseRow): string {
  return String(row.number)
}
