/** What `GET /my/jobs` tells a helper: what they are asked, and where they go. */
export interface Who { called: string; age: number | null }
export interface Point { lat: number; lon: number }
export interface Position extends Point { accuracy_m: number | null }

export interface Offer {
  id: string
  case_number: string
  /** Three digits by which a short message names it. */
  code: string
  help: string
  cause: string | null
  priority: number
  wanted_at: string | null
  minutes: number
  expires_at: string
  distance_m: number | null
  eta_minutes: number | null
  who: Who
  address_short: string | null
  need: { zh: string; en: string }
  note: string | null
}

export type JobState = 'accepted' | 'en_route' | 'arrived' | 'completed' | 'no_show' | 'cancelled'

export interface Job {
  assignment_id: string
  offer_id: string
  case_number: string
  help: string
  item: string
  cause: string | null
  priority: number
  state: JobState
  emergency: boolean
  wanted_at: string | null
  due_at: string
  minutes: number
  who: Who
  /** From here to `position`: only while the visit goes on. */
  name: string | null
  address: string | null
  access: string | null
  phone: string | null
  warnings: { kind: string; text: string }[]
  position: Point | null
  note: string | null
  position_radius_m: number
  steps: { code: string; at: string | null }[]
}

export interface MyJobs {
  worker: { id: string; name: string; kind: string }
  server_time: string
  /** Changes with every new page. */
  build: string
  offers: Offer[]
  jobs: Job[]
  /** They make check-in visits too: the round is fetched with its screens. */
  visits: boolean
  /** The centre's number, for calls and for short messages. */
  hotline: string
}
