import type { Named } from '@/live/types'
import type { Sheet } from './form'

/** The shapes of the check-in visits, as the server names them. */
export const MARKS = ['done', 'weak', 'spoken', 'risk', 'missed', 'refused', 'booked', 'tried'] as const
export type Mark = (typeof MARKS)[number]
export const SIGNS: Record<Mark, string> = { done: '✓', weak: '◪', spoken: '☎', risk: '!', missed: '✕', refused: '▽', booked: '□', tried: '○' }
export const MODES = ['home', 'phone', 'video', 'remote_monitoring'] as const
/** Why the elder was not met. */
export const WHYS = ['no_answer', 'known_away', 'in_hospital', 'not_found', 'other'] as const
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
  /** It is late in the month: who is not booked now is who will be missed. */
  forecast: boolean
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
  confirmed_at: string | null
  confirmed_by: string | null
  tries: number
  case_id: string | null
  record: { id: string; day: string; mode: string; started_at: string; ended_at: string; recorded_at: string; recorded_by: string; late: boolean } | null
}

export interface ReportSaid {
  met?: boolean
  mode?: string
  started_at?: string
  ended_at?: string
  why?: string
  reason?: string | null
  note?: string | null
  sheet?: Sheet | null
  refused?: { said_by: string; on: string; lasting: boolean; note: string | null }
}
/** What could not become the record of a visit, until somebody has decided. */
export interface ReportRow {
  id: string
  why: string
  state: string
  said: ReportSaid
  reason: string | null
  entered_at: string
  entered_by: string
  decided_at: string | null
  decided_by: string | null
  decided_reason: string | null
  visit: { id: string; state: string; first: string; last: string; worker: string | null }
  elder: Named
  area: string
}

export interface ClosedMonth { month: string; version: number; closed_at: string | null; closed_by: string | null; signature: string | null; note: string | null; digest: string | null; counted: number; visited: number }
export const FAULTS = ['visited', 'not_visited', 'not_listed', 'listed', 'other'] as const
export interface Correction { id: string; month: string; said_in: string; elder: Named; area: Named | null; kind: string; day: string | null; reason: string; made_at: string; made_by: string }
export interface Snapshot { id: string; name: string; purpose: string; first: string; last: string; digest: string; made_at: string; made_by: string }
export interface SnapshotWhole extends Snapshot { intact: boolean; content: { months: { month: string; numbers: Numbers }[] } }

export const REASONS = ['cold_wave', 'heat', 'snow', 'flood', 'festival', 'epidemic', 'other'] as const
export interface ExtraRound { id: string; version: number; name: string; reason: string; area: Named; groups: string[]; first: string; last: string; made_at: string; made_by: string; ended_at: string | null; ended_by: string | null; end_reason: string | null; visits: Record<(typeof STATES)[number], number> }
export interface Reminder { period: string; step: string; due_at: string | null; done_at: string | null; open: number | null; told: { recipient: string; label: string | null; area: string | null; open: number; at: string; message: string | null }[] }
