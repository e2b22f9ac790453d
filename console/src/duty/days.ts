/** Days as people write them: `2026-11-24`, in the time of this PC, which stands in the centre. */
export function dayOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}
export function fromDay(day: string, time = '00:00'): Date { return new Date(`${day}T${time}`) }
export function addDays(day: string, days: number): string {
  const at = fromDay(day)
  at.setDate(at.getDate() + days)
  return dayOf(at)
}
export function mondayOf(day: string): string { return addDays(day, -((fromDay(day).getDay() + 6) % 7)) }
export function weekOf(monday: string): string[] { return [0, 1, 2, 3, 4, 5, 6].map((n) => addDays(monday, n)) }
/** From when to when: an end that is not later than the start lies on the next day. */
export function span(day: string, starts: string, ends: string): { starts_at: string; ends_at: string } {
  const last = ends > starts ? day : addDays(day, 1)
  return { starts_at: fromDay(day, starts).toISOString(), ends_at: fromDay(last, ends).toISOString() }
}
export function timeOf(text: string): string {
  const at = new Date(text)
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`
}
