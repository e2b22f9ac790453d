import type { CaseRow, Named } from '@/live/types'

export interface Criteria { criteria: string[]; scale: number; per_month: number }
export interface Review {
  id: string
  month: string
  version: number
  operator: Named
  reviewer: Named | null
  case: CaseRow
  scores: Record<string, number>
  comment: string
  done_at: string | null
  read_at: string | null
}
export interface Coverage {
  month: string
  wanted: number
  seed: string | null
  drawn_at: string | null
  short: number
  items: { operator: Named; drawn: number; done: number; short: number }[]
}
