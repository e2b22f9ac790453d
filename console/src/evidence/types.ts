import type { Named } from '@/live/types'

export interface WorkRecord {
  kind: string
  channel: string
  at: string
  clock_at: string | null
  received_at: string
  distance_m: number | null
  accuracy_m: number | null
  card: string | null
  done: string[]
  ok: boolean | null
  note: string | null
  flags: string[]
}
export interface LateEntry {
  id: string
  arrived_at: string
  completed_at: string
  reason: string
  state: string
  entered_at: string
  entered_by: string
  decided_by: string | null
  decided_reason: string | null
}
export interface Visit {
  assignment_id: string
  worker: Named
  state: string
  arrived_at: string | null
  completed_at: string | null
  flags: string[]
  records: WorkRecord[]
  photos: { id: string; at: string; flags: string[] }[]
  late_entries: LateEntry[]
  check: { id: string; state: string; by: string | null; reason: string | null } | null
}
export interface Evidence { items: Visit[]; radius_m: number; accuracy_m: number }
export interface VisitCheck {
  id: string
  assignment_id: string
  case_id: string
  kind: string
  help: string | null
  worker: Named
  elder: string | null
  area: string | null
  state: string
  flags: string[]
  opened_at: string
  decided_at: string | null
  decided_by: string | null
  reason: string | null
  complaint_case_id: string | null
  version: number
}
export interface Behind { case_id: string; at: string | null; what: string; text?: string | null; flags?: string[] }
export interface Coaching {
  worker: Named & { kind: string }
  days: number
  offers: { asked: number; accepted: number; median_seconds: number | null; refused: Behind[] }
  visits: { went: number; there: number; on_time: number; late: Behind[] }
  ratings: { satisfied: number; partly: number; dissatisfied: number; cases: Behind[] }
  complaints: Behind[]
  flags: Behind[]
}
