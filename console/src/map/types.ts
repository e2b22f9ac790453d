import type { CaseRow } from '@/live/types'

export interface Place { lat: number; lon: number }
export interface CaseSpot extends Place { id: string }
export interface HelperSpot extends Place { id: string; name: string; kind: string; at: string; old: boolean; case_id: string | null }
export interface StationSpot extends Place { id: string; name: string; kind: string }
export interface AreaSpot extends Place { id: string; name: string; level: number }
interface Cut<T> { items: T[]; left_out: number }

export interface MapData {
  server_time: string
  position_minutes: number
  cases: Cut<CaseSpot> & { unplaced: string[] }
  helpers: Cut<HelperSpot>
  stations: Cut<StationSpot>
  areas: AreaSpot[]
}

export type Layer = 'cases' | 'helpers' | 'stations'
export type Sign = 'p1' | 'p2' | 'p3' | 'p4' | 'free' | 'busy' | 'old' | 'station'

/** One thing on the map and its line in the list. */
export interface Mark extends Place {
  key: string
  layer: Layer
  sign: Sign
  title: string
  detail: string
  row?: CaseRow
  caseId?: string
}

type Ring = [number, number][]
export interface Outlines { features: { properties: { code: string | null; name: string | null }; geometry: { type: 'Polygon'; coordinates: Ring[] } | { type: 'MultiPolygon'; coordinates: Ring[][] } }[] }
