import type { Named } from '@/live/types'

export type ImportKind = 'elders' | 'devices' | 'workers'
export type ImportState = 'uploaded' | 'checking' | 'checked' | 'applying' | 'applied' | 'failed' | 'cancelled'
export const KINDS: ImportKind[] = ['elders', 'devices', 'workers']
export const WORKING: ImportState[] = ['uploaded', 'checking', 'applying']

export interface ImportJob {
  id: string
  kind: ImportKind
  state: ImportState
  version: number
  file_name: string
  file_size: number
  by: string
  created_at: string
  applied_at: string | null
  forget_at: string | null
  progress: { done: number; total: number | null }
  summary: { rows: number; new: number; changed: number; same: number; errors: number; duplicates: number }
  fault: { code: string; data: Record<string, string> } | null
  /** Of an import of helpers: how many there are in all who are never asked. */
  without_hours?: number
}

export interface ImportRow {
  row: number
  faults: { column: string; code: string; text: string }[]
  changes: string[]
  target_id: string | null
}

export interface Person extends Named {
  version: number
  sex: string
  birth_date: string
  age: number
  identity_masked: string | null
  phone_masked: string | null
  area: Named
  address_masked: string | null
  flags: string[]
  languages: string[]
  dialect: string | null
  hearing: string | null
  ability_level: number | null
  external_id: string | null
  cases: number
  devices: number
  contacts: number
  facts: number
  updated_at: string | null
  contact_list?: { name: string; relation: string; phone_masked: string }[]
  device_list?: { number: string; model: string; location: string | null }[]
  fact_list?: { kind: string; text: string }[]
}

export interface Pair {
  id: string
  score: number
  reasons: string[]
  state: string
  found_at: string
  a: Person
  b: Person
  differences?: string[]
}
