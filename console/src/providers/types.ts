import type { Named } from '@/live/types'

export interface PriceRow { from: string; fen: number }
export interface Provider extends Named {
  version: number
  kind: string
  ownership: string
  area: Named
  licence: string | null
  licence_until: string | null
  licence_days: number | null
  contract: string | null
  contract_from: string | null
  contract_until: string | null
  contract_days: number | null
  prices: Record<string, PriceRow[]>
  active: boolean
  stations: number
  people: number
}
export const PROVIDER_KINDS = ['institution', 'company', 'social', 'medical', 'community', 'rescue'] as const
export const OWNERSHIPS = ['public', 'private', 'public_private'] as const

export interface Station extends Named {
  version: number
  kind: string
  provider: Named | null
  parent: Named | null
  area: Named
  address: string | null
  phone: string | null
  lat: number | null
  lon: number | null
  functions: string[]
  active: boolean
  people: number
  seats?: Named[]
}
export const STATION_KINDS = ['centre', 'complex', 'station', 'point'] as const
export const FUNCTIONS = ['day_care', 'meals', 'home_service', 'bath', 'rehabilitation', 'health', 'leisure', 'learning', 'respite', 'emergency'] as const

export interface DayVisit {
  id: string
  case: string | null
  help: string | null
  item: string | null
  emergency: boolean
  elder: string | null
  address: string | null
  worker: Named
  state: string
  live: boolean
  starts_at: string
  due_at: string
  arrived_at: string | null
  completed_at: string | null
  late: boolean
}
export interface DayPerson extends Named {
  version: number
  phone: string
  kind: string
  station: string
  absent: boolean
  on_shift_until: string | null
  begins_at: string | null
  visits: number
  position_at: string | null
  now: DayVisit | null
}
export interface Today { station: Named; people: DayPerson[]; people_total: number; visits: DayVisit[]; server_time: string }
