import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import { asFailure, ask, type Failure, newKey } from '@/live/api'
import { useLive } from '@/live/store'
import type { AreaEventRef, CaseRow } from '@/live/types'

export interface Flood extends AreaEventRef {
  /** All open cases of the event, the urgent ones among them. */
  rows: CaseRow[]
  /** Those that may be shown as one. */
  calm: CaseRow[]
}

/** What is or ever was urgent is a row of its own, everywhere and always. */
export function isCalm(row: CaseRow): boolean {
  return row.priority >= 3 && row.top_priority !== 1
}

/** The area events as the live rows tell of them, and which of them are folded on this screen. */
export const useFloods = defineStore('floods', () => {
  const live = useLive()
  const unfolded = reactive(new Set<string>())
  const grouped = reactive(new Set<string>())
  const busy = ref('')
  const failure = ref<Failure | null>(null)

  const all = computed<Flood[]>(() => {
    const found = new Map<string, Flood>()
    for (const row of live.all) {
      const event = row.area_event
      if (!event) continue
      const flood = found.get(event.id) ?? { ...event, rows: [], calm: [] }
      flood.rows.push(row)
      if (isCalm(row)) flood.calm.push(row)
      found.set(event.id, flood)
    }
    return [...found.values()].sort((a, b) => Number(a.id) - Number(b.id))
  })
  const proposed = computed(() => all.value.filter((one) => one.state === 'proposed'))
  const asOne = computed(() => all.value.filter((one) => (one.state === 'declared' || grouped.has(one.id)) && one.calm.length > 0))
  const folded = computed(() => new Set(asOne.value.filter((one) => !unfolded.has(one.id)).map((one) => one.id)))

  function hides(row: CaseRow): boolean {
    return !!row.area_event && isCalm(row) && folded.value.has(row.area_event.id)
  }

  function group(id: string): void { grouped.add(id) }
  function ungroup(id: string): void { grouped.delete(id) }
  function toggle(id: string): void {
    if (!unfolded.delete(id)) unfolded.add(id)
  }

  async function act(id: string, verb: 'declare' | 'end', body: Record<string, unknown> = {}): Promise<void> {
    busy.value = id
    failure.value = null
    try {
      await ask(`/area-events/${id}/${verb}`, { method: 'POST', body, key: newKey() })
    } catch (error) {
      failure.value = asFailure(error)
    } finally {
      busy.value = ''
    }
  }

  /** Part of a flood, or about to be: the server links a new alarm within a second or two. */
  function isFlooded(row: CaseRow): boolean {
    return isCalm(row) && !!(live.find(row.id)?.area_event)
  }
  function mayBelong(row: CaseRow): boolean {
    return isCalm(row) && all.value.some((one) => one.cause === row.cause)
  }

  return { all, proposed, asOne, folded, unfolded, grouped, busy, failure, hides, group, ungroup, toggle, act, isFlooded, mayBelong }
})
