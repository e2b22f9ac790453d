/** The shapes that the server answers with. Names are the server's own, so that one can read both sides at once. */

export type Priority = 1 | 2 | 3 | 4
export type CaseState =
  | 'planned' | 'new' | 'owned' | 'dispatching' | 'assigned' | 'in_service' | 'pending_follow_up'
  | 'closed' | 'cancelled' | 'merged'
export type CaseKind = 'emergency' | 'service' | 'enquiry' | 'complaint'

export interface Named { id: string; name: string }
export interface Area extends Named { path_names?: string[] }

/** The area event that a case belongs to while the event lasts. */
export interface AreaEventRef {
  id: string
  state: 'proposed' | 'declared'
  cause: string
  area: Named
  since: string
}

export interface CaseRow {
  id: string
  number: string | number
  kind: CaseKind
  help: string | null
  cause: string
  channel: string
  priority: Priority
  /** The most urgent that it has ever been. */
  top_priority: Priority
  state: CaseState
  version: number
  /** Of a row that left: the case is still open, in areas that are not ours. Then nothing but id and version is told. */
  elsewhere?: boolean
  opened_at: string
  waiting_since: string | null
  answer_due_at: string | null
  next_due_at: string | null
  held_until: string | null
  owner: { id: string; name: string; since: string | null } | null
  elder: { id: string; name: string; age: number | null; flags: string[] } | null
  caller: string | null
  address_short: string | null
  area: Named | null
  signals: number
  escalation: number
  flags: string[]
  /** Whom its call rings at this moment; null: it does not ring, or the exchange does not say at whose desk. */
  rings_for: string[] | null
  area_event: AreaEventRef | null
  last_event: { kind: string; at: string } | null
}

export interface LiveOp { op: 'put' | 'del'; row: CaseRow }
export interface LiveBatch { seq: number; ops: LiveOp[]; server_time?: string }
export interface Snapshot { seq: number; server_time: string; cases: CaseRow[] }

export interface Finding { code: string; count: number; since: string | null; detail?: string | null }
export interface EngineState {
  ok: boolean
  late: string[]
  findings: Finding[]
  spool: number
  outbox_dead: number
}
export interface Beat { server_time: string; seq: number; engine?: EngineState; build?: string }

export interface Fact {
  id: string
  kind: string
  text: string
  source: string | null
  confirmed_at: string | null
}
export interface ElderCard {
  id: string
  name: string
  sex: 'F' | 'M' | null
  birth_date: string | null
  age: number | null
  phone: string | null
  flags: string[]
  languages: string[]
  hearing: string | null
  ability_level: number | null
  absence: { kind: string; until: string | null; note: string | null } | null
  facts: Fact[]
}
export interface Household {
  id: string
  address: string
  address_short: string
  area: Area | null
  lat: number | null
  lon: number | null
  access_notes: string | null
  keys?: { holder: string; contact_id?: string | null; where: string | null }[]
}
export interface Contact {
  id: string
  name: string
  relation: string | null
  phone: string | null
  minutes_away: number | null
  has_key: boolean
  order: number
  answered: number
  tried: number
}
export interface Device {
  id: string
  number: string
  model: string | null
  protocol: string | null
  location: string | null
  battery_percent: number | null
  last_seen_at: string | null
  last_test_at: string | null
  online: boolean | null
  on_test?: { since: string | null; until: string; reason: string | null } | null
}
export interface Signal {
  id: string
  kind: string
  device: string | null
  received_at: string
  occurred_at: string | null
  clock_off?: boolean | null
  data?: Record<string, unknown> | null
}
/** Where the wearer of the alarm is, as far as the device knows. `at`: since when it is true. */
export interface AlarmPlace { lat: number; lon: number; fix: 'gps' | 'last' | 'estimate'; at: string; from_home_m: number | null }
/** What this person is writing in one of their windows. */
export interface DraftOf { tab: string; text: string; at: string }

export interface CaseDetail {
  row: CaseRow
  /** Telephones, address and the way in are hidden: somebody else, or nobody, holds an emergency of this home. */
  masked?: boolean
  /** Its time is over: the timeline shows that something happened and none of its words. */
  restricted?: boolean
  text: string | null
  caller_number: string | null
  elder: ElderCard | null
  household: Household | null
  contacts: Contact[]
  duty_phones?: { id: string; label: string; phone: string }[]
  device: Device | null
  signals: Signal[]
  /** Hidden where the home is, too. */
  place?: AlarmPlace | null
  policy?: Record<string, unknown> | null
  outcome: string | null
  follow_up_at: string | null
  merged_into: string | null
  my_draft: string | null
  my_drafts: DraftOf[]
  past_cases_30d: number | null
  open_in_household: number | string[] | CaseRow[] | null
}

export interface CaseEvent {
  id: string
  at: string
  kind: string
  actor: { kind: string; id: string | null; name: string | null } | null
  channel: string | null
  text: string | null
  data: Record<string, unknown> | null
}

export interface ElderHit {
  id: string
  name: string
  age: number | null
  sex: string | null
  flags: string[]
  phone_tail: string | null
  address_short: string | null
  area: Named | string | null
}

export interface Desk {
  outcomes: { code: string; needs_supervisor_for_p1?: boolean }[]
  hold_reasons: string[]
  helps: string[]
  note_quick: string[]
  kinds: string[]
  causes: string[]
}

export interface User {
  id: string
  username?: string
  name: string
  roles: string[]
  areas: Named[]
  locale?: string
}
export interface SessionAnswer {
  user: User
  may: string[]
  pending: 'change-password' | 'enrol-second-factor' | null
  ends_at: string
  csrf_token: string
  demo: boolean
  server_time: string
  timezone: string
  build: string
}

export interface List<T> { items: T[]; next_cursor: string | null; total?: number }

export interface FieldProblem { field: string; code: string; detail?: string }
export interface Problem {
  type: string
  title: string
  status: number
  detail?: string
  errors?: FieldProblem[]
  [extra: string]: unknown
}
