import type { CaseRow, Named } from '@/live/types'

export interface Criteria { criteria: string[]; scale: number; per_month: number }
/** The call that was drawn, without the caller's number. */
export interface HeardCall { id: string; answered_at: string | null; seconds: number | null; recording_url: string | null }
export interface Review {
  id: string
  month: string
  version: number
  operator: Named
  reviewer: Named | null
  case: CaseRow
  call: HeardCall | null
  scores: Record<string, number>
  comment: string
  done_at: string | null
  read_at: string | null
}
/** A check-in visit about which the elder is rung; the telephone and the seed of the lot once it is opened. */
export interface VisitCall {
  id: string
  visit_id: string
  why: string
  month: string
  share: number
  flags: string[]
  state: string
  tries: number
  elder: Named
  area: string
  worker: Named | null
  mode: string
  started_at: string
  ended_at: string
  late: boolean
  decided_by: string | null
  note: string | null
  complaint_case_id: string | null
  version: number
  phone?: string | null
  seed?: string | null
}
export interface Coverage {
  month: string
  wanted: number
  wanted_calls: number
  seed: string | null
  drawn_at: string | null
  short: number
  items: { operator: Named; drawn: number; done: number; short: number; calls: { drawn: number; done: number; short: number } }[]
}
