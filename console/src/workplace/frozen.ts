import { computed, onUnmounted, ref, shallowRef, watch } from 'vue'
import { byUrgency, frozenOrder } from '@/live/order'
import { useLive } from '@/live/store'
import type { CaseRow } from '@/live/types'

const AFTER_KEY_MS = 2_000
/** A mouse that lies forgotten on the list must not hide new cases for ever. */
const RESTING_MS = 15_000
const FRESH_MS = 1_000
/** More new rows than this in a second do not flash: nobody follows them, and each flash is a layer to paint. */
const FLASHES = 5

/**
 * The order of the list as the operator sees it. While the pointer is over the list, shortly after a
 * key, and while it is paused, rows keep their places: nobody shall click on a row that just moved.
 */
export function useFrozenOrder(rows: () => CaseRow[], paused: () => boolean, firstVisible: () => number) {
  const live = useLive()
  const over = ref(false)
  const touched = ref(false)
  const ids = shallowRef<string[]>([])
  const above = ref(0)
  const below = ref(0)
  const bornAt = new Map<string, number>()
  const lastSeen = new Map<string, CaseRow>()
  let flashing = true
  let timer = 0
  let resting = 0

  const frozen = computed(() => over.value || touched.value || paused())

  function settle(): void {
    const sorted = [...rows()].sort(byUrgency)
    const wanted = sorted.map((row) => row.id)
    for (const row of sorted) lastSeen.set(row.id, row)
    for (const [id, { row }] of live.leaving) if (lastSeen.has(id)) lastSeen.set(id, row)
    if (frozen.value && ids.value.length) {
      const shown = frozenOrder(ids.value, wanted, firstVisible(), (id) => !lastSeen.get(id)?.owner)
      above.value = shown.above
      below.value = shown.below
      ids.value = [...shown.ids]
      return
    }
    const farewell = [...live.leaving.keys()].filter((id) => ids.value.includes(id) && !wanted.includes(id))
    for (const id of farewell) wanted.splice(Math.min(ids.value.indexOf(id), wanted.length), 0, id)
    const at = Date.now()
    const present = new Set(wanted)
    for (const known of [lastSeen, bornAt]) for (const id of known.keys()) if (!present.has(id)) known.delete(id)
    for (const id of wanted) if (!bornAt.has(id)) bornAt.set(id, ids.value.length ? at : 0)
    flashing = [...bornAt.values()].filter((born) => at - born < FRESH_MS).length <= FLASHES
    above.value = 0
    below.value = 0
    ids.value = wanted
  }
  watch([rows, frozen, () => live.leaving.size], settle, { immediate: true, flush: 'post' })

  function touch(): void {
    touched.value = true
    clearTimeout(timer)
    timer = window.setTimeout(() => { touched.value = false }, AFTER_KEY_MS)
  }

  function hover(on: boolean): void {
    over.value = on
    clearTimeout(resting)
    if (on) resting = window.setTimeout(() => { over.value = false }, RESTING_MS)
  }

  function release(): void {
    over.value = false
    touched.value = false
    settle()
  }

  function rowAt(index: number): CaseRow | null {
    const id = ids.value[index]
    if (!id) return null
    return live.find(id) ?? lastSeen.get(id) ?? null
  }

  onUnmounted(() => { clearTimeout(timer); clearTimeout(resting) })
  return {
    ids, above, below, frozen, touch, hover, release, rowAt,
    isFresh: (id: string) => flashing && Date.now() - (bornAt.get(id) ?? 0) < FRESH_MS,
  }
}
