export interface Entry {
  id: string
  at: string
  actor: { kind: string; id: string; name: string }
  action: string
  subject: { kind: string; id: string }
  reason: string | null
  data: Record<string, unknown>
}

/** Ids and codes as they were written down: they are evidence and not translated. */
export function detailOf({ data }: Entry): string {
  return Object.entries(data).map(([name, value]) => `${name}: ${shown(value)}`).join('; ')
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(', ')
  if (value && typeof value === 'object') {
    const { from, to, ...rest } = value as Record<string, unknown>
    if (from !== undefined && !Object.keys(rest).length) return `${shown(from)} → ${shown(to)}`
    return JSON.stringify(value)
  }
  return String(value)
}
