import type { HomeCircle } from './circle/types'
import type { CaseRow, Contact, Device, Fact, Named } from '@/live/types'

/** The shapes of the register, as the server names them. */
export interface Absence { kind: string; until: string | null; note: string | null }

export interface ElderRow extends Named {
  sex: string | null
  age: number | null
  flags: string[]
  tags?: string[]
  ability_level: number | null
  service_form: string | null
  phone_masked: string | null
  address_short: string | null
  area: Named | null
  absence: Absence | string | null
  updated_at: string | null
}

export interface DueRow extends Named {
  age: number
  flags: string[]
  ability_level: number | null
  next_due_on: string | null
  area: Named
}

export interface Tag {
  id: string
  code: string
  source: string
  evidence: string | null
  valid_from: string
  valid_to: string | null
  version: number
  state?: string
  recorded_by?: string
  end_reason?: string | null
}

export interface ElderCore extends Named {
  version: number
  pinyin: string | null
  sex: 'F' | 'M'
  birth_date: string
  age: number
  identity_masked: string | null
  identity_number?: string | null
  phone?: string | null
  phone_masked: string | null
  languages: string[]
  dialect: string | null
  hearing: string | null
  ability_level: number | null
  service_form: { form: string; reason: string | null } | null
  flags: string[]
  tags: Tag[]
  absence: Absence | null
  archived_at: string | null
  archive_reason?: string | null
  merged_into?: string | null
  facts: Fact[]
  updated_at?: string | null
}

export interface Key { holder: string; contact_id?: string | null; where: string | null }

export interface Home {
  id: string
  version?: number
  address?: string | null
  address_masked?: string | null
  address_short: string | null
  area: { id: string; name: string; path_names?: string[] }
  lat: number | null
  lon: number | null
  access_notes: string | null
  keys: Key[]
}

export interface FileContact extends Omit<Contact, 'phone'> { phone?: string | null; phone_masked?: string | null }

export interface ElderFile {
  masked?: boolean
  elder: ElderCore
  household: Home
  circle?: HomeCircle | null
  contacts: FileContact[]
  devices: Device[]
  cases: CaseRow[]
  consents?: unknown[]
  duplicates?: number
}

export interface AreaNode extends Named {
  code?: string | null
  level: number
  parent_id: string | null
  lat: number | null
  lon: number | null
  children?: number
  path?: Named[]
}

export interface Count { key: string; name?: string | null; count: number }
export interface Counts { items: Count[]; total: number; here?: number }
export type By = 'area' | 'level' | 'tag' | 'form'

export interface Names { zh: string; en: string }
export interface Group { code: string; name: Names; safety_net: boolean; special_difficulty: boolean; from_level: number | null }
export interface Item { code: string; id: string; max: number; name: Names }
export interface Standard {
  code: string
  version: string
  name: Names
  sets_level: boolean
  assessors: number
  full_score: number
  coma_item: string | null
  levels: { level: number; name: Names; from: number | null; to: number | null }[]
  groups: { code: string; name: Names; max: number; items: Item[] }[]
  reasons: string[]
  risk_kinds: string[]
  changes?: ChangeRules | null
}
export interface ChangeRules { risk_days: number; risk_events: number; dementia: [string, string]; other_mental: [string, string] }

export interface Assessment {
  id: string
  standard: string
  reason: string
  assessed_on: string
  next_due_on: string
  valid: boolean
  assessors: string[]
  scores: Record<string, number>
  coma?: boolean
  total: number | null
  group_scores: Record<string, number>
  preliminary_level: number | null
  changes: string[]
  final_level: number
  note: string | null
  recorded_by: string
  voided_at: string | null
  voided_by: string | null
  void_reason: string | null
}

export interface Purpose { code: string; name: Names; basis: string; article: string | number; sensitive: boolean; separate: boolean; emergency_use: boolean; needs_consent: boolean; notice: string }
export interface ConsentWord { id: string; given: boolean; how: string; by: string; read_by: string | null; document: string | null; at: string; outdated: boolean; recorded_by: string }
export interface ConsentLine { purpose: string; given: boolean | null; outdated: boolean; needed: boolean; words: ConsentWord[] }

export interface TrailLine {
  id?: string
  at: string
  action: string
  actor?: { kind?: string; id?: string; name?: string } | string | null
  actor_name?: string | null
  reason?: string | null
  data?: Record<string, unknown>
}
