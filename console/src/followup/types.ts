import type { Named } from '@/live/types'

export interface FollowUp {
  id: string
  case_id: string
  kind: string
  help: string | null
  cause: string
  priority: number
  case_state: string
  outcome: string | null
  elder: { id: string; name: string; age: number | null } | null
  worker: Named | null
  area: string | null
  why: string
  state: string
  began_at: string
  due_at: string
  late: boolean
  reminders: number
  tries: number
  most_tries: number
  asked_at: string | null
  asked_by: string | null
  unhappy_at: string | null
  result: string | null
  channel: string | null
  ended_at: string | null
  ended_by: string | null
}
export interface WholeFollowUp extends FollowUp {
  text: string | null
  answers: Record<string, string>
  again_case_id: string | null
  complaint_case_id: string | null
  tried: { at: string; way: string; outcome: string; by: string }[]
  questions: { code: string; zh: string; en: string }[]
  share: number | null
  month: string | null
}
export interface FollowUpPage { items: FollowUp[]; next_cursor: string | null; counts: Record<string, number> }
export interface Complaint {
  case_id: string
  about_case_id: string | null
  worker: Named | null
  opened_at: string
  answer_due_at: string
  answered_at: string | null
  answered_by: string | null
  solve_due_at: string
  solved_at: string | null
  solved_by: string | null
  result: string | null
  text: string | null
  told: string | null
  late: boolean
  answer_late: boolean
  solve_late: boolean
}
export interface After { follow_up: WholeFollowUp | null; again_of: string | null; complaint: Complaint | null; complaints_about: Complaint[] }

export const RATINGS = ['satisfied', 'partly', 'dissatisfied'] as const
export const THEN = ['again', 'complaint', 'nothing'] as const
