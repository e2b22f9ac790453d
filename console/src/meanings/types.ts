/** A kind of signal or `ignore`, for each word and for each value of a property. */
export interface Words { actions: Record<string, string>; states: Record<string, Record<string, string>> }
export type Scope = 'device' | 'model'

/** Whose words: of this device, or of its model. `under`: what they would mean if nobody had said anything here. */
export interface SubjectOf {
  scope: Scope
  name: string
  version: string
  configured: Words
  laid: Words | null
  under: Words
  /** How many devices in use there are of a model. */
  devices?: number
}
export interface Meanings {
  number: string
  device_id: string | null
  model: string | null
  way: 'mqtt' | 'webhook' | null
  kinds: string[]
  effective: Words
  heard: {
    words: { word: string; count: number; means: string | null }[]
    states: { name: string; values: { value: string; count: number; means: string | null }[] }[]
  }
  device: SubjectOf
  of_model: SubjectOf | null
  may_save: Record<Scope, boolean>
}
export interface Meant { kind: string; code: string | null }
export interface Tried {
  at: string
  words: string[]
  states: Record<string, string>
  withheld: boolean
  fault: string | null
  unmapped: string | null
  case_id: string | null
  stored: Meant[]
  before: Meant[]
  after: Meant[]
  changed: boolean
  lost: boolean
  gained: boolean
}
export interface TrialOf { items: Tried[]; counts: { changed: number; lost: number; gained: number }; silences: string[]; not_read: number }
export interface VersionOf { version: string; at: string; by: string; reason: string; words: Words | null }

/** One line of the form: a word of a button (no value), or a property with one of its values. */
export interface Row {
  name: string
  value: string | null
  /** Empty: as it is underneath. */
  means: string
  under: string | null
  heard: number
}
