import type { CaseRow, Named } from '@/live/types'

export interface CallBack {
  id: string
  case_id: string
  case_open: boolean
  priority: number
  who: string | null
  elder_id: string | null
  by: Named
  due_at: string
  note: string
  /** Of its own, where it is not the one that the register knows. */
  phone: string | null
  masked: boolean
  state: 'open' | 'done' | 'cancelled'
  version: number
  reminded_at: string | null
  late_at: string | null
}
export interface Broadcast { id: string; text: string; from: string; sent_at: string }
export interface HandoverSummary {
  id: string
  kind: 'shift' | 'break'
  state: 'draft' | 'offered' | 'accepted' | 'cancelled'
  from: Named
  to: Named | null
  mine: boolean
  items: number
  taken: number
}
export interface Colleague extends Named { here: boolean; status: string | null }
export interface Failed { id: string; code: string; detail: string; owner?: Named }
export interface GroupAnswer { done: CaseRow[]; failed: Failed[] }
export interface Wanted { verb: 'take' | 'note' | 'hold' | 'close' | 'merge' | 'assign'; text?: string; until?: string; outcome?: string; into?: string; to?: string }
