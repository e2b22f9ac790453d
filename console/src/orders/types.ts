import type { Named } from '@/live/types'

/** The shapes of orders, as the server names them. */
export const STAGES = ['planned', 'waiting', 'promised', 'under_way', 'done', 'not_done'] as const
export type Stage = (typeof STAGES)[number]

export interface Order {
  item: string
  help: string | null
  zh: string
  en: string
  minutes: number
  price_fen: number
  sex: 'F' | 'M' | null
  worker: Named | null
  wanted_at: string | null
  wanted_until: string | null
  standing_id: string | null
  off: string | null
  remind_at: string | null
  movable: boolean
  promised: { name: string; due_at: string } | null
  version: number
}

export interface OrderRow {
  case_id: string
  number: string
  kind: string
  help: string
  zh: string
  en: string
  at: string
  at_once: boolean
  until: string | null
  minutes: number
  channel: string
  state: string
  stage: Stage
  late: boolean
  off: string | null
  elder: Named | null
  address_short: string | null
  area: string | null
  worker: Named | null
  standing_id: string | null
}

export interface Pause { id: string; first: string; last: string | null; reason: string | null; made_by: string }
export interface Coming { case_id: string; at: string; state: string; off: string | null }

export interface Standing {
  id: string
  elder_id: string
  item: string
  help: string | null
  zh: string
  en: string
  price_fen: number | null
  weekdays: number[]
  every_weeks: number
  starts: string
  until: string | null
  first: string
  last: string | null
  skip_holidays: boolean
  sex: 'F' | 'M' | null
  worker: Named | null
  agreed: boolean
  remind: boolean
  text: string | null
  channel: string
  applicant: { name: string; relation?: string } | null
  made_at: string
  made_by: string
  ended_at: string | null
  end_reason: string | null
  version: number
  pauses: Pause[]
  next: Coming[]
  ahead: number
}

/** What may be said of an order at any stage. */
export const MARKS = ['late', 'satisfied', 'dissatisfied'] as const
export type Counts = Record<Stage | (typeof MARKS)[number], number>
export type BoardRow = Counts & { help: string; asked: number }
export interface Board { from: string; to: string; items: BoardRow[] }

export type Cell = Record<Stage, number> & { n: number; late: number; helps: Record<string, number> }
export interface CalendarRow { key: string | null; name: string | null; cells: Cell[] }
export interface Calendar {
  from: string
  to: string
  unit: 'day' | 'hour'
  by: 'worker' | 'station' | 'area'
  columns: { from: string; to: string }[]
  rows: CalendarRow[]
  left_out: number
}

/** Which orders a number stands for: what the list behind it asks the server. */
export interface Behind {
  title: string
  query: Record<string, string | boolean | undefined>
}
