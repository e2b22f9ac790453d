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
export interface Coverage {
  month: string
  wanted: number
  wanted_calls: number
  seed: string | null
  drawn_at: string | null
  short: number
  items: { operator: Named; drawn: number; done: number; short: number; calls: { drawn: number; done: number; short: number } }[]
}
