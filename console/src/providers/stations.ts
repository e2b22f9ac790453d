import { ask } from '@/live/api'
import type { List } from '@/live/types'
import type { Station } from './types'

const MOST = 3_000

/** All stations that this person sees: a tree cannot be drawn from a page of it. */
export async function allStations(query: Record<string, string>): Promise<{ items: Station[]; total: number }> {
  const items: Station[] = []
  let cursor: string | null = null
  let total = 0
  do {
    const page: List<Station> = await ask<List<Station>>('/stations', { query: { ...query, limit: 200, cursor } })
    items.push(...page.items)
    cursor = page.next_cursor
    total = page.total ?? items.length
  } while (cursor && items.length < MOST)
  return { items, total }
}

/** In the order of a tree, each with its depth; one whose parent is not among them begins a tree of its own. */
export function asTree(items: Station[]): { station: Station; depth: number }[] {
  const known = new Set(items.map(({ id }) => id))
  const below = new Map<string, Station[]>()
  for (const one of items) {
    const at = one.parent && known.has(one.parent.id) ? one.parent.id : ''
    below.set(at, [...(below.get(at) ?? []), one])
  }
  const lines: { station: Station; depth: number }[] = []
  const walk = (at: string, depth: number): void => {
    for (const station of below.get(at) ?? []) {
      lines.push({ station, depth })
      walk(station.id, depth + 1)
    }
  }
  walk('', 0)
  return lines
}
