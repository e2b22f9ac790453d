import type { Named } from '@/live/types'

export interface Shift {
  id: string
  version: number
  role: string
  area: Named
  user_id: string | null
  phone_id: string | null
  name: string
  starts_at: string
  ends_at: string
  pattern_id: string | null
  changed: boolean
}
export interface Warned { code: 'double' | 'rest'; first: string; second: string }
export interface Shifts { items: Shift[]; warnings: Warned[] }
export interface DutyNow {
  rostered: boolean
  areas: { area: Named; roles: { role: string; people: Shift[] }[] }[]
  on_duty: Shift[]
  gaps: { area: Named; role: string; since: string; told: number }[]
  ahead: { area: Named; role: string; starts_at: string; ends_at: string }[]
  paged: { area: Named; last_resort: boolean; phones: string[] }[]
}
export interface DutyPhone { id: string; label: string; phone: string; area: Named; user_id: string | null; active: boolean; last_resort: boolean }
export interface People {
  roles: { code: string; paged: boolean }[]
  areas: (Named & { level: number })[]
  users: { id: string; name: string; roles: string[]; can_be_paged: boolean }[]
  phones: DutyPhone[]
}
export interface Times { starts: string; ends: string }
export interface Pattern {
  id: string
  version: number
  role: string
  area: Named
  user_id: string | null
  phone_id: string | null
  name: string
  weekdays: number[]
  starts: string
  ends: string
  valid_from: string
  valid_to: string | null
  exceptions: Record<string, Times | null>
}
/** Whom a shift is for, as one value of a choice: `user:3`, `phone:7`. */
export function whoOf(one: { user_id: string | null; phone_id: string | null }): string {
  return one.user_id ? `user:${one.user_id}` : one.phone_id ? `phone:${one.phone_id}` : ''
}
export function whoIn(value: string): { user_id?: string; phone_id?: string } {
  const [kind, id] = value.split(':')
  return kind === 'user' ? { user_id: id } : { phone_id: id }
}
