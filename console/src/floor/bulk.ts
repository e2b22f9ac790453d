import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef } from 'vue'
import { asFailure, ask, type Failure, newKey } from '@/live/api'
import { useLive } from '@/live/store'
import type { CaseRow } from '@/live/types'
import { isCalm } from './floods'
import type { Failed, GroupAnswer, Wanted } from './types'

/** What a group act is for: rows that were picked, or an area event. */
export type Target = { event: string; title: string } | { picked: true; title: string }
export interface Asked { verb: Exclude<Wanted['verb'], 'take'>; target: Target; count: number }

/** One act on many cases that are not urgent. The server refuses the urgent ones too, each in its own transaction. */
export const useBulk = defineStore('bulk', () => {
  const live = useLive()
  const chosen = reactive(new Set<string>())
  const busy = ref(false)
  const asked = shallowRef<Asked | null>(null)
  const failure = ref<Failure | null>(null)
  const failed = shallowRef<Failed[]>([])

  const rows = computed(() => [...chosen].map((id) => live.rows.get(id)).filter((row): row is CaseRow => !!row && isCalm(row)))

  function toggle(row: CaseRow | null): boolean {
    if (!row || !isCalm(row)) return false
    if (!chosen.delete(row.id)) chosen.add(row.id)
    return true
  }

  function clear(): void { chosen.clear() }

  async function go(target: Target, wanted: Wanted): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    failure.value = null
    failed.value = []
    const whom = 'event' in target ? { area_event: target.event } : { cases: rows.value.map((row) => row.id) }
    try {
      const answer = await ask<GroupAnswer>('/cases/group', { method: 'POST', body: { ...whom, ...wanted }, key: newKey(), timeout: 60_000 })
      for (const row of answer.done) live.accept(row)
      failed.value = answer.failed
      if (!('event' in target)) chosen.clear()
      return true
    } catch (error) {
      failure.value = asFailure(error)
      return false
    } finally {
      busy.value = false
    }
  }

  return { chosen, rows, busy, asked, failure, failed, toggle, clear, go }
})
