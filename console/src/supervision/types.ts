import type { CaseRow, Named } from '@/live/types'

export interface Seat { user: Named; seat: string; status: string; since: string; case_id: string | null; load: number; cases: number }
export interface Answered { within: number; percent: number | null; target: number; in_time: number; counted: number }
export interface Numbers {
  server_time: string
  waiting: { priority: 1 | 2 | 3 | 4; number: number; oldest: string | null }[]
  answered: Answered[]
  load: { alarms: number; positions: number; each: number | null; line: number }
  positions: Seat[]
  trend: { from: string; alarms: number }[]
}
export interface Need { code: string; count: number; cases: CaseRow[]; case_ids?: string[]; ids?: string[]; jobs?: string[] }
export interface HeldCase { row: CaseRow; reason: string | null; until: string; by: string; since: string | null }
export interface StaleCase { row: CaseRow; idle_since: string | null; why: 'idle' | 'old' }
export interface PriorityChange { case_id: string; at: string; by: string; from: number; to: number; reason: string | null }
export interface SentBroadcast { id: string; text: string; from: string; sent_at: string; ends_at: string; wall: boolean; seats: { name: string; confirmed_at: string | null }[] }
export interface Board { id: string; name: string; area: string; created_at: string; token?: string }

/** 24 hours of the hotline. */
export interface HotlineDay {
  until: string | null
  calls: number
  answered: number
  in_time: number
  connected_percent: number | null
  in_time_percent: number | null
  below: { connected: boolean; answered: boolean }
}
export interface Hotline {
  server_time: string
  exchange: { name: string; connected: boolean; since: string | null; agents: Record<string, number> } | null
  waiting: { number: number; oldest: string | null }
  last_day: HotlineDay
  worst_day: HotlineDay | null
  targets: { connected: number; answered: number; within: number }
}
