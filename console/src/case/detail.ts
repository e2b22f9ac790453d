import { computed, onUnmounted, ref, shallowRef, watch } from 'vue'
import { asFailure, ask, type Failure } from '@/live/api'
import { Kept } from '@/live/kept'
import { useLink } from '@/live/link'
import { useLive } from '@/live/store'
import type { CaseDetail, CaseEvent, CaseRow, List } from '@/live/types'
import { useActs } from '@/live/acts'
import { useSession } from '@/session/store'
import { remember } from '@/frame/phonebook'

interface Held { detail: CaseDetail; events: CaseEvent[] }

const kept = new Kept<Held>()

export function useCase(id: string) {
  const live = useLive()
  const link = useLink()
  const session = useSession()
  const acts = useActs()
  const detail = shallowRef<CaseDetail | null>(kept.get(id)?.detail ?? null)
  const events = shallowRef<CaseEvent[]>(kept.get(id)?.events ?? [])
  const failure = ref<Failure | null>(null)
  const loading = ref(false)
  let again = false
  let timer = 0

  const row = computed<CaseRow | null>(() => live.find(id) ?? detail.value?.row ?? null)

  async function load(): Promise<void> {
    if (loading.value) {
      again = true
      return
    }
    loading.value = true
    try {
      const [found, all] = await Promise.all([ask<CaseDetail>(`/cases/${id}`), wholeTimeline(id)])
      detail.value = found
      live.see(found.row)
      events.value = all
      failure.value = null
      kept.put(id, { detail: found, events: all })
      remember(found)
    } catch (error) {
      failure.value = asFailure(error)
    } finally {
      loading.value = false
      if (again) {
        again = false
        void load()
      }
    }
  }

  // The row says that something happened; what it was is read from the timeline.
  watch(() => [live.find(id)?.version, live.find(id)?.last_event?.at], () => {
    clearTimeout(timer)
    timer = window.setTimeout(() => void load(), 120)
  })
  watch(() => link.lost, (lost) => { if (!lost) void load() })
  // After signing in again the place is the same, so what could not be read is read now.
  watch(() => session.phase, (phase) => {
    if (phase !== 'in') return
    acts.forgive(id)
    void load()
  })
  onUnmounted(() => clearTimeout(timer))
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
