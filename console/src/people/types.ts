import type { Named } from '@/live/types'

export interface HelperRow extends Named {
  version: number
  phone: string
  kind: string
  skills: string[]
  area: Named
  station: Named | null
  active: boolean
  user_id: string | null
  lacks: Lack[]
  absent: boolean
}
export type Lack = 'hours' | 'skills' | 'areas' | 'certificate'
export const LACKS: Lack[] = ['hours', 'skills', 'areas', 'certificate']
export interface Held {
  skill: string
  level: number
  certificate: string | null
  valid_until: string | null
  days_left: number | null
  asked_for: boolean
  state: 'none' | 'missing' | 'expired' | 'expiring' | 'valid'
}
export interface WeekShift { weekday: number; starts: string; ends: string }
export interface OtherDay { day: string; starts: string | null; ends: string | null; reason: string | null; visits: number }
export interface HelperFile extends Omit<HelperRow, 'skills' | 'absent'> {
  sex: 'F' | 'M' | null
  languages: string[]
  capacity: number
  user: { id: string; username: string; name: string } | null
  skills: Held[]
  areas: Named[]
  shifts: WeekShift[]
  week_hours: number
  days: OtherDay[]
  today: string
}
export interface Figures {
  days: number
  offers: number
  by_state: Record<string, number>
  acceptance: number | null
  median_answer_seconds: number | null
  declines: Record<string, number>
  visits: number
  completed: number
  no_shows: number
  on_time: number | null
  complaints: number
}
export interface Paper {
  kind: 'certificate' | 'licence' | 'contract'
  id: string
  name: string
  area: Named
  skill: string | null
  number: string | null
  until: string | null
  days_left: number | null
  reminded: { days: number; at: string } | null
}
export interface Gap { from: string; to: string }
export interface GapRow { area: Named; people: number; partly: number; gaps: Gap[]; thin: Gap[]; hours: number; thin_hours: number }
export interface Gaps { skill: string; from: string; level: number | null; areas: GapRow[]; hours: number }
export interface Could { worker: { id: string; name: string; kind: string; phone: string }; reasons: string[]; areas: string[]; valid_until: string | null }
export interface FairRow { worker: { id: string; name: string; kind: string }; offers: number; accepted: number; week_hours: number }
