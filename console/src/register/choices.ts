/** Codes that people choose from; their words stand in the language files. */
export const LANGUAGES = ['mandarin', 'shandong', 'sichuan', 'wenzhou', 'hakka', 'cantonese', 'korean'] as const
export const HEARINGS = ['good', 'weak', 'aid', 'deaf'] as const
export const RELATIONS = [
  'daughter', 'son', 'spouse', 'daughter_in_law', 'son_in_law', 'grandchild', 'sister', 'brother', 'neighbour', 'grid_worker', 'guardian', 'doctor', 'friend', 'other',
] as const
export const FACT_KINDS = ['health', 'medication', 'mobility', 'communication', 'access', 'doctor', 'other'] as const
export const SOURCES = ['elder', 'daughter', 'son', 'neighbour', 'home_visit', 'doctor', 'grid_worker', 'registration'] as const
