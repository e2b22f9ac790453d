/** `GET /cases/{id}/response`: what goes on while somebody waits. Names are the server's own. */

export interface Words { zh: string; en: string }

export type Doing = 'call_elder' | 'cascade' | 'tell_all' | { handoff: Service } | { priority: string }
export type Service = '120' | '119' | '110'

export interface Answer extends Words {
  id: string
  /** A step, or `end`. */
  next?: string
  script?: string
  do: Doing[]
}

export interface Step {
  id: string
  ask?: Words
  /** Something to say or to do and not a question. */
  say?: Words
  must: boolean
  tip: Words | null
  offer: Doing[]
  answers: Answer[]
}

export interface Given {
  answer: string
  at: string
  by: string
  question: Words
  reply: Words
  text: string | null
}

export interface Script {
  code: string
  version: number
  name: Words
  begun: boolean
  ended: boolean
  current: string | null
  /** The way so far, in order; the last one waits. */
  steps: Step[]
  /** The steps beside the way and ahead of it. */
  later: Step[]
  ahead: number
  answers: Record<string, Given>
  open_must: string[]
  /** What answers set off by themselves, in order. */
  set_off: { script: string; step: string; do: string; value: string; at: string; failed?: string; code?: string }[]
  reason_needed: boolean
  earlier: { code: string; name: Words; answers: Given[]; ended_at: string }[]
}

export type CascadeState = 'running' | 'accepted' | 'exhausted' | 'stopped' | 'settled'
export type CallState =
  | 'calling' | 'answered' | 'voicemail' | 'no_answer' | 'failed' | 'declined' | 'accepted' | 'also' | 'skipped' | 'withdrawn'
export type Who = 'elder' | 'contacts' | 'neighbour' | 'community_worker' | 'rescue'

export interface CascadeCall {
  id: string
  round: number
  step: number
  who: Who
  person: string
  label: string
  relation: string
  has_key: boolean
  state: CallState
  minutes_away: number | null
  called_at: string
  /** When the next one is called if nothing is heard. */
  until: string
  ended_at: string | null
  /** What was sent to ask this person, and what came back. */
  messages: { channel: 'voice' | 'sms'; state: string; reply: string | null; at: string | null }[]
}

export interface PersonAhead {
  person: string
  who: Who
  label: string
  relation: string | null
  minutes_away: number | null
  has_key: boolean
  mode: 'order' | 'together'
  step: number
}

export interface Cascade {
  id: string
  state: CascadeState
  version: number
  round: number
  rounds: number
  step: number
  started_at: string
  started_by: string
  next_due_at: string | null
  ended_at: string | null
  end_reason: string | null
  calls: CascadeCall[]
  ahead: PersonAhead[]
}

export interface Arrival {
  id: string
  /** The call of the cascade in which it was promised. */
  call_id: string | null
  /** The visit in which it was promised: that shows it then. */
  assignment_id: string | null
  who: string
  state: 'open' | 'arrived' | 'cancelled'
  version: number
  due_at: string
  next_due_at: string | null
  late_at: string | null
  /** How many of the marks have passed. */
  mark: number
  created_at: string
  created_by: string
  settled_at: string | null
  settled_by: string | null
  reason: string | null
}

export interface Handoff {
  id: string
  service: Service
  called_at: string
  dispatcher: string
  reference: string | null
  note: string | null
  who_is_there: string | null
  by: string | null
}

/** `GET /cases/{id}/handoff`: what 120, 119 and 110 ask for, in the order in which they ask. */
export interface Sheet {
  number: string
  /** In clear for whoever holds the case, or has said why. */
  masked: boolean
  /** None: the operator names the telephone in their hand. */
  callback_number: string | null
  where: {
    address: string
    areas: string[]
    access_notes: string | null
    keys: { holder: string; where: string | null }[] | null
    lat: number | null
    lon: number | null
  } | null
  who: {
    name: string
    sex: 'F' | 'M' | null
    age: number | null
    phone: string | null
    languages: string[]
    hearing: string | null
    facts: { kind: string; text: string; confirmed_at: string | null }[]
  } | null
  caller_number: string | null
  there: {
    alone: boolean
    living: number
    keys: { name: string; relation: string | null; phone: string | null }[]
    coming: { who: string; due_at: string; arrived: boolean }[]
  }
  happened: {
    cause: string
    help: string | null
    opened_at: string
    text: string | null
    signals: { kind: string; at: string }[]
    answers: { question: Words; reply: Words; at: string }[]
  }
  handoffs: Handoff[]
}

export interface CaseResponse {
  /** None of a case whose time is over: nothing that was said is shown. */
  script: Script | null
  cascade: Cascade | null
  /** Whom a cascade that begins now would call, in their order. */
  would_call: PersonAhead[]
  /** Minutes after a promised time at which the centre is alarmed; the first is the time itself. */
  late_minutes: number[]
  arrivals: Arrival[]
  handoffs: Handoff[]
}
