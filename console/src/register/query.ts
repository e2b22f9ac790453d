import type { LocationQuery } from 'vue-router'

/** What the list can be narrowed to, and how it stands in the address: a saved link is a saved view. */
export const FILTERS = ['q', 'area', 'tag', 'level', 'form', 'absent', 'missing', 'archived'] as const
export const MISSING = ['assessment', 'phone', 'identity_number', 'contact', 'key', 'doctor', 'point', 'form', 'near_station', 'near_worker', 'near_nurse', 'near_volunteer', 'near_grid_worker', 'near_social_worker', 'near_rescue'] as const

export function queryOf(query: LocationQuery): Record<string, string | undefined> {
  return Object.fromEntries(FILTERS.map((name) => [name, query[name] ? String(query[name]) : undefined]))
}
