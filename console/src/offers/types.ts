import type { Words } from '@/response/types'

export type Mode = 'parallel' | 'sequential' | 'direct'
export type OfferState = 'offered' | 'accepted' | 'declined' | 'expired' | 'withdrawn'
export type JobState = 'accepted' | 'en_route' | 'arrived' | 'completed' | 'no_show' | 'cancelled'
export type Part = 'time' | 'continuity' | 'skill' | 'load' | 'fairness' | 'acceptance'

export interface Helper {
  id: string
  name: string
  kind: string
  station: string | null
  phone_masked: string | null
}
export interface Candidate {
  worker: Helper
  score: number
  parts: Record<Part, number>
  /** Null: nobody knows where they are. */
  eta_minutes: number | null
  distance_m: number | null
  from: 'position' | 'station' | null
  position_at: string | null
  load: number
  capacity: number
  acceptance_rate: number | null
  visits_before: number
  on_shift_until: string | null
  reasons: string[]
}
export interface Bar { code: string; data: Record<string, unknown> }
export interface Excluded { worker: Helper; reasons: Bar[] }
export interface Way {
  mode: Mode
  seconds: number
  workers: number
  voice_seconds: number | null
  reason_required: boolean
  /** What the first one will read when asked this way. */
  sms_preview: string
}
export interface WantedItem extends Words { code: string; help: string; skill: string; minutes: number; sex: string | null }
export interface Candidates {
  items: Candidate[]
  excluded: Excluded[]
  relax: { code: string; n: number }[]
  modes: Way[]
  item: WantedItem
}

export interface OfferMessage { channel: string; state: string; at: string; fails: boolean }
export interface Offer {
  id: string
  worker: { id: string; name: string }
  state: OfferState
  mode: Mode
  round: number
  code: string
  eta_minutes: number | null
  distance_m: number | null
  offered_at: string
  expires_at: string
  answered_at: string | null
  channel: string | null
  reason: string | null
  messages: OfferMessage[]
  /** To dial by hand; only while no message gets through. */
  phone: string | null
}
export interface Job {
  id: string
  offer_id: string
  worker: { id: string; name: string }
  state: JobState
  channel: string
  accepted_at: string
  due_at: string
  starts_at: string
  departed_at: string | null
  arrived_at: string | null
  completed_at: string | null
  ended_at: string | null
  end_reason: string | null
  flags: string[]
}
export interface CaseOffers {
  items: Offer[]
  assignment: Job | null
  next: { at: string; what: 'voice' | 'next' | 'exhausted'; queue: number } | null
  /** A link can be sent by which a helper answers on a page. */
  links: boolean
}

export interface CatalogueItem extends Words {
  code: string
  help: string
  unit: string
  minutes: number
  price_fen: number
}
export interface Catalogue {
  items: CatalogueItem[]
  skills: (Words & { code: string; certificate: boolean })[]
  kinds: (Words & { code: string })[]
}
