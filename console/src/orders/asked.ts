import { ref, shallowRef, watch } from 'vue'
import { asFailure, ask, type Failure } from '@/live/api'
import { useLink } from '@/live/link'

type Query = Record<string, string | number | boolean | undefined>

/** One answer of the server for what is chosen on the screen: asked again when that changes, and when the line is back. */
export function useAsked<T>(path: string, query: () => Query) {
  const link = useLink()
  const found = shallowRef<T | null>(null)
  const failure = ref<Failure | null>(null)
  let number = 0

  async function load(): Promise<void> {
    const mine = (number += 1)
    try {
      const answer = await ask<T>(path, { query: query() })
      if (mine !== number) return
      found.value = answer
      failure.value = null
    } catch (error) {
      if (mine === number) failure.value = asFailure(error)
    }
  }
  watch(() => JSON.stringify([query(), link.lost]), () => { if (!link.lost) void load() }, { immediate: true })
  return { found, failure, load }
}
