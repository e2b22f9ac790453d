import type { CaseRow, Named } from '@/live/types'

export interface About {
  row?: CaseRow
  reason?: string | null
  case_id?: string
  follow_up_id?: string
  case_kind?: string
  help?: string | null
  cause?: string
  unhappy?: boolean
  tries?: number
  most_tries?: number
  who?: string | null
  due_at?: string
  note?: string
  number?: string
  model?: string | null
  location?: string | null
  fault_at?: string | null
  address_short?: string | null
  kind?: string
  until?: string | null
}
export interface Item {
  id: string
  kind: 'case' | 'held' | 'callback' | 'follow_up' | 'device' | 'absent' | 'note'
  ref: string
  text: string | null
  keep: boolean
  again: boolean
  cleared_at: string | null
  given_at: string | null
  opened_at: string | null
  taken_at: string | null
  question: string | null
  answer: string | null
  about: About | null
}
export interface Handover {
  id: string
  kind: 'shift' | 'break'
  state: 'draft' | 'offered' | 'accepted' | 'cancelled'
  version: number
  from: Named
  to: Named | null
  mine: boolean
  note: string
  created_at: string
  offered_at: string | null
  returned_reason: string | null
  ended_at: string | null
  items: Item[]
}
