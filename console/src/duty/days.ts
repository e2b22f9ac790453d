import { fromInput } from '@/i18n/zone'

/** Days as people write them, `2026-11-24`: reckoned by the calendar, without any clock. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10)
}
export function mondayOf(day: string): string { return addDays(day, -((new Date(day).getUTCDay() + 6) % 7)) }
export function weekOf(monday: string): string[] { return [0, 1, 2, 3, 4, 5, 6].map((n) => addDays(monday, n)) }
/** From when to when: an end that is not later than the start lies on the next day. */
export function span(day: string, starts: string, ends: string): { starts_at: string; ends_at: string } {
  const last = ends > starts ? day : addDays(day, 1)
  return { starts_at: fromInput(`${day}T${starts}`).toISOString(), ends_at: fromInput(`${last}T${ends}`).toISOString() }
}
