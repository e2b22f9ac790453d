import { ref, shallowRef } from 'vue'
import { asFailure, ask, type Failure } from '@/live/api'
import type { List } from '@/live/types'

type Query = Record<string, string | number | boolean | null | undefined>

/** A list from the server, page by page: what every table screen needs to be honest about its state. */
export function usePaged<T>(path: string, query: () => Query, limit = 50) {
  const items = shallowRef<T[]>([])
  const total = ref<number | null>(null)
  const cursor = ref<string | null>(null)
  const phase = ref<'loading' | 'more' | 'ready' | 'failed'>('loading')
  const failure = ref<Failure | null>(null)
  let number = 0

  async function load(more = false): Promise<void> {
    const mine = (number += 1)
    phase.value = more ? 'more' : 'loading'
    try {
      const page = await ask<List<T>>(path, { query: { ...query(), limit, cursor: more ? cursor.value : undefined } })
      if (mine !== number) return
      items.value = more ? [...items.value, ...page.items] : page.items
      // The first page counts; one that does not says that there are too many to count.
      if (!more || page.total != null) total.value = page.total ?? null
      cursor.value = page.next_cursor
      failure.value = null
      phase.value = 'ready'
    } catch (error) {
      if (mine !== number) return
      failure.value = asFailure(error)
      phase.value = 'failed'
    }
  }

  return { items, total, cursor, phase, failure, load }
}
