/** What `GET /my/visits` tells a visitor: whom they visit today, in order, and whom else they are to visit. */
import type { Point } from '../types'

export type Mode = 'home' | 'phone' | 'video'
export type Grade = 'good' | 'medium' | 'poor'

export interface Named { code: string; zh: string; en: string }
export interface FormItem extends Named { months: number[] }
export interface FormClass extends Named { modes: string[]; items: FormItem[] }
export interface Form { classes: FormClass[]; economy: Named[]; supporter: Named[] }

export interface Visit {
  id: string
  state: string
  first: string
  last: string
  planned_at: string | null
  minutes: number | null
  /** The elder, or the family, said that this time is well. */
  confirmed: boolean
  tries: number
  /** What follows after nobody was met, and when. */
  due: string | null
  next_due_at: string | null
  elder: { called: string; name: string; age: number; phone: string | null; absence: string | null }
  area: string
  address: string
  access: string | null
  position: Point | null
  warnings: { kind: string; text: string }[]
  contacts: { name: string; relation: string; phone: string }[]
  /** The last visit: what was poor then. */
  before: { day: string; poor: string[]; next_on: string | null } | null
}

export interface Round {
  server_time: string
  day: string
  form: Form
  position_radius_m: number
  rest: { from: string; until: string } | null
  booked: Visit[]
  due: Visit[]
  /** Not on the list any more, and somebody here is writing the record of it: kept by the telephone. */
  held?: Visit[]
  /** So many more are to be visited than are shown. */
  left_out: number
  over: { id: string; state: string; called: string; area: string }[]
}
