import type { CaseRow } from './types'

/** The moment by which somebody must act: the answer while nobody has the case, the next step afterwards. */
export function dueAt(row: CaseRow): number {
  return timesOf(row).due
}

interface Times { due: number; opened: number }

/** Reading a time is dear and sorting asks often; a changed row is a new object, so this never grows stale. */
const times = new WeakMap<CaseRow, Times>()

function timesOf(row: CaseRow): Times {
  let found = times.get(row)
  if (!found) {
    // The owner of a complaint has days, and its own deadlines stand on the case; when they are asked is no deadline.
    const next = row.kind === 'complaint' && row.state !== 'new' && !row.held_until ? null : row.next_due_at
    const due = row.state === 'new' ? row.answer_due_at ?? next : next
    found = { due: due ? Date.parse(due) : Number.POSITIVE_INFINITY, opened: Date.parse(row.opened_at) }
    times.set(row, found)
  }
  return found
}

/** Severity, then least slack, then oldest; the id last, so that equal rows never swap. */
export function byUrgency(a: CaseRow, b: CaseRow): number {
  if (a.priority !== b.priority) return a.priority - b.priority
  const first = timesOf(a)
  const second = timesOf(b)
  if (first.due !== second.due) return first.due < second.due ? -1 : 1
  if (first.opened !== second.opened) return first.opened - second.opened
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

export interface Shown { ids: string[]; above: number; below: number }

/**
 * The order on the screen while the list is frozen: rows keep their places, rows that left keep an
 * empty-handed place until the list moves again, new rows are counted but not shown.
 */
export function frozenOrder(shown: string[], wanted: string[], firstVisible: number, isNew = (_id: string) => true): Shown {
  const known = new Set(shown)
  const placeOf = new Map(shown.map((id, place) => [id, place]))
  let above = 0
  let below = 0
  let lastPlace = -1
  for (const id of wanted) {
    if (known.has(id)) {
      lastPlace = placeOf.get(id) ?? lastPlace
    } else if (!isNew(id)) {
      continue
    } else if (lastPlace < firstVisible + FIRST_SCREEN) {
      above += 1
    } else {
      below += 1
    }
  }
  return { ids: shown, above, below }
}

const FIRST_SCREEN = 8
