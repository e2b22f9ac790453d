import { computed, effectScope, onScopeDispose, shallowRef, type ComputedRef, type EffectScope } from 'vue'
import { useDoing } from '@/ui/doing'
import { ask, type Failure, newKey } from './api'
import { followCase } from './follow'
import { Kept } from './kept'

export interface Part<T> {
  data: ComputedRef<T | null>
  failure: ComputedRef<Failure | null>
  loading: ComputedRef<boolean>
  load: () => Promise<void>
  see: (found: T) => void
  /** Raises `Failure`. `key` stays the same when the same act is tried again, so that a lost answer cannot do it twice. */
  change: (path: string, body?: unknown, how?: { method?: string; key?: string }) => Promise<void>
}

/**
 * Something that hangs on a case and is read by itself: what is done for it, who is asked to go. One for each case on the
 * screen: its panels and dialogs read the same answer, and it is fetched once.
 *
 * `whole` finds the new state of it in the answer of an act; null: it is read again.
 */
export function partOfCase<T>(pathOf: (id: string) => string, whole: (answer: unknown) => T | null) {
  const open = new Map<string, { state: Part<T>; scope: EffectScope; users: number }>()
  const kept = new Kept<T>()

  function use(id: string): Part<T> {
    const found = open.get(id) ?? begin(id)
    found.users += 1
    onScopeDispose(() => {
      found.users -= 1
      if (found.users) return
      found.scope.stop()
      open.delete(id)
    })
    return found.state
  }

  function begin(id: string) {
    const scope = effectScope(true)
    const begun = { state: scope.run(() => follow(id)) as Part<T>, scope, users: 0 }
    open.set(id, begun)
    return begun
  }

  function follow(id: string): Part<T> {
    const data = shallowRef<T | null>(kept.get(id) ?? null)
    /** Counts what was seen, so that a reading which began before an act does not undo its answer. */
    let seen = 0

    function see(found: T): void {
      seen += 1
      data.value = found
      failure.value = null
      kept.put(id, found)
    }

    const { failure, loading, load } = followCase(id, async () => {
      const before = seen
      const found = await ask<T>(pathOf(id))
      if (seen !== before) return false
      see(found)
      return true
    })

    async function change(path: string, body: unknown = {}, { method = 'POST', key = newKey() }: { method?: string; key?: string } = {}): Promise<void> {
      const found = whole(await ask<unknown>(path, { method, body, key }))
      if (found) see(found)
      else await load()
    }

    void load()

    return {
      data: computed(() => data.value),
      failure: computed(() => failure.value),
      loading: computed(() => loading.value),
      load,
      see,
      change,
    }
  }

  /** One act at a time on it; tried again after a lost answer it is the same act. */
  function useAct(id: string) {
    const part = use(id)
    const { busy, failure, run } = useDoing()
    const again = shallowRef<(() => Promise<boolean>) | null>(null)

    async function act(path: string, body: unknown = {}, key = newKey()): Promise<boolean> {
      if (busy.value) return false
      await run(() => part.change(path, body, { key }))
      if (!failure.value) return true
      again.value = failure.value.status === 0 || failure.value.status >= 500 ? () => act(path, body, key) : null
      // Refused: what the screen showed was older than what is.
      if (!again.value) void part.load()
      return false
    }

    function forgive(): void { failure.value = null }

    return { part, busy, failure, again, act, forgive }
  }

  /** An act's answer that came past the panels: what waited for the line and has gone out. */
  function see(id: string, found: T): void { open.get(id)?.state.see(found) }

  return { use, useAct, see }
}
