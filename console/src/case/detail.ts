import { computed, shallowRef, watch } from 'vue'
import { ask } from '@/live/api'
import { followCase } from '@/live/follow'
import { Kept } from '@/live/kept'
import { useLive } from '@/live/store'
import type { CaseDetail, CaseEvent, CaseRow, List } from '@/live/types'
import { useActs } from '@/live/acts'
import { useSession } from '@/session/store'
import { remember } from '@/frame/phonebook'

interface Held { detail: CaseDetail; events: CaseEvent[] }

const kept = new Kept<Held>()

export function useCase(id: string) {
  const live = useLive()
  const session = useSession()
  const acts = useActs()
  const detail = shallowRef<CaseDetail | null>(kept.get(id)?.detail ?? null)
  const events = shallowRef<CaseEvent[]>(kept.get(id)?.events ?? [])
  const row = computed<CaseRow | null>(() => live.find(id) ?? detail.value?.row ?? null)

  const { failure, loading, load } = followCase(id, async () => {
    const [found, all] = await Promise.all([ask<CaseDetail>(`/cases/${id}`), wholeTimeline(id)])
    detail.value = found
    live.see(found.row)
    events.value = all
    kept.put(id, { detail: found, events: all })
    remember(found)
    return true
  })

  // After signing in again what could not be done is forgotten: the place is the same, and is read anew.
  watch(() => session.phase, (phase) => { if (phase === 'in') acts.forgive(id) })
  void load()

  return { row, detail, events, failure, loading, load }
}

async function wholeTimeline(id: string): Promise<CaseEvent[]> {
  const items: CaseEvent[] = []
  let cursor: string | null = null
  do {
    const page: List<CaseEvent> = await ask<List<CaseEvent>>(`/cases/${id}/timeline`, { query: { limit: 200, cursor } })
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor && items.length < 2_000)
  return items
}
