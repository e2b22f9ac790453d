import type { Named } from '@/live/types'

/** The shapes of the check-in visits, as the server names them. */
export const MARKS = ['done', 'weak', 'spoken', 'risk', 'missed', 'refused', 'booked', 'tried'] as const
export type Mark = (typeof MARKS)[number]
export const SIGNS: Record<Mark, string> = { done: '✓', weak: '◪', spoken: '☎', risk: '!', missed: '✕', refused: '▽', booked: '□', tried: '○' }
export const STATES = ['planned', 'booked', 'done', 'missed', 'refused', 'excused'] as const

export interface MonthRow { name: string; first: string; last: string; generated_at: string | null; closed_at: string | null; closed_by: string | null }

export interface LineRow {
  elder: Named & { age: number; flags: string[] }
  address_short: string | null
  area: Named
  groups: string[]
  risk: string
  joined: string
  last: string
  apart: string | null
  refused: boolean
  visited_on: string | null
  need: number
  done: number
  next: string | null
  /** Marks by day of the month. */
  days: Record<string, Mark[]>
  away: number[]
  worker: Named | null
  evidence: string[]
}

export type Numbers = Record<string, number>
export interface AreaNumbers extends Named { level: number; numbers: Numbers }
export interface Rules {
  groups: string[]
  classes: { code: string; name: { zh: string; en: string }; every: string; binding: boolean }[]
  modes: string[]
  counting: Record<string, string>
  joined_in_last_days: number
  forms_apart: string[]
}
export interface Run { run_id: string; month: string; state: 'open' | 'done'; asked_at: string; asked_by: string | null; elders: number; done: number; created: number; existing: number; excluded: Record<string, number>; finished_at: string | null }
export interface Board {
  month: MonthRow
  today: string
  numbers: Numbers
  above: Named[]
  by_area: AreaNumbers[]
  by_group: { code: string; numbers: Numbers }[]
  rules: Rules
  at_risk_days: number
  run: Run | null
}

export interface VisitRow {
  id: string
  version: number
  elder: Named & { age: number; flags: string[] }
  address_short: string | null
  area: Named
  period: string
  first: string
  last: string
  risk: string
  extra_round_id: string | null
  state: (typeof STATES)[number]
  at_risk: boolean
  excuse: string | null
  reason: string | null
  worker: Named | null
  planned_at: string | null
  minutes: number | null
  tries: number
  case_id: string | null
  record: { id: string; day: string; mode: string; started_at: string; ended_at: string; recorded_at: string; recorded_by: string; late: boolean } | null
}
