/** What the privacy desk lists; times are RFC 3339, days YYYY-MM-DD. */
export interface Person { id: string; name: string }
export interface RightsRequest {
  id: string
  version: number
  elder: Person
  kind: string
  asker: string
  asker_name: string | null
  channel: string
  text: string | null
  received_at: string
  due_at: string
  late: boolean
  soon: boolean
  state: 'open' | 'checked' | 'granted' | 'refused' | 'withdrawn'
  identity_check: string | null
  checked_by: string | null
  decided_at: string | null
  decided_by: string | null
  answer: string | null
}
export interface Duty {
  id: string
  elder: Person
  case_id: string
  purpose: string
  arose_at: string
  due_at: string
  late: boolean
}
export interface Sharing {
  id: string
  at: string
  elder: Person | null
  persons: number
  receiver: string
  receiver_kind: string
  purpose: string
  kinds: string[]
  basis: string
  article: string
  consent_id: string | null
  case_id: string | null
  note: string | null
  recorded_by: string
}
export interface Reveal {
  id: string
  at: string
  actor: { kind: string; id: string; name: string }
  action: string
  elder_id: string
  elder: string | null
  reason: string | null
  data: { fields?: string[] }
}
export interface Retention {
  items: { kind: string; months: number; act: string; before: string; due: number }[]
  runs: { day: string; started_at: string; finished_at: string | null; counts: Record<string, number> }[]
}
export interface Incident {
  id: string
  version: number
  title: string
  occurred_at: string | null
  discovered_at: string
  kinds: string[]
  persons: number | null
  cause: string
  harm: string
  measures: string
  advice: string
  contact: string
  authority_told_at: string | null
  persons_told_at: string | null
  not_told_reason: string | null
  closed_at: string | null
}
export interface Impact {
  id: string
  title: string
  trigger: string
  document: string | null
  assessed_on: string
  assessed_by: string
  keep_until: string
  review_on: string | null
}
