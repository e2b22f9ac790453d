import { onUnmounted, ref, shallowRef, watch, type Ref } from 'vue'
import { asFailure, ask, type Failure } from '@/live/api'
import { useLink } from '@/live/link'
import { useLive } from '@/live/store'
import type { MapData, Outlines } from './types'

/** Helpers tell where they are now and then; a new case must be on the map with the next look. */
const EVERY = 15_000
const SOON = 800

export function useMap(area: Ref<string>) {
  const live = useLive()
  const link = useLink()
  const data = shallowRef<MapData | null>(null)
  const outlines = shallowRef<Outlines | null>(null)
  const failure = ref<Failure | null>(null)
  let number = 0
  let timer = 0

  async function load(): Promise<void> {
    const mine = (number += 1)
    clearTimeout(timer)
    try {
      const found = await ask<MapData>('/map', { query: { area: area.value || undefined } })
      if (mine !== number) return
      data.value = found
      failure.value = null
    } catch (error) {
      if (mine === number) failure.value = asFailure(error)
    }
    if (mine === number) timer = window.setTimeout(() => void load(), EVERY)
  }

  /** A case that the live list has and the map does not know of yet; not again for one that is left out or elsewhere. */
  const asked = new Set<string>()
  function unknown(): boolean {
    const known = new Set([...(data.value?.cases.items ?? []).map((one) => one.id), ...(data.value?.cases.unplaced ?? [])])
    const fresh = live.all.filter((row) => !known.has(row.id) && !asked.has(row.id))
    fresh.forEach((row) => asked.add(row.id))
    return fresh.length > 0
  }
  let soon = 0
  watch(() => live.all, () => {
    if (!data.value || !unknown()) return
    clearTimeout(soon)
    soon = window.setTimeout(() => void load(), SOON)
  })
  watch(area, () => { asked.clear(); void load() })
  watch(() => link.lost, (lost) => { if (!lost) void load() })
  onUnmounted(() => { number += 1; clearTimeout(timer); clearTimeout(soon) })
  void load()
  // Without outlines the map has names alone; that is no failure.
  void ask<Outlines>('/map/outlines').then((found) => { if (found.features.length) outlines.value = found }, () => undefined)
  return { data, outlines, failure, load }
}
