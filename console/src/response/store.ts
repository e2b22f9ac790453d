import { computed, effectScope, onUnmounted, shallowRef, type EffectScope } from 'vue'
import { ask, newKey } from '@/live/api'
import { followCase } from '@/live/follow'
import { Kept } from '@/live/kept'
import type { CaseResponse } from './types'

type State = ReturnType<typeof follow>

/** One for each case on the screen: its panels and dialogs read the same answer, and it is fetched once. */
const open = new Map<string, { state: State; scope: EffectScope; users: number }>()
const kept = new Kept<CaseResponse>()

/** `data`, `failure`, `loading`, `load()`, and `change()` for an act whose answer is the new state of the case. */
export function useResponse(id: string): State {
  const found = open.get(id) ?? begin(id)
  found.users += 1
  onUnmounted(() => {
    found.users -= 1
    if (found.users) return
    found.scope.stop()
    open.delete(id)
  })
  return found.state
}

/** An act's answer that came past the panels: what waited for the line and has gone out. */
export function seeResponse(id: string, found: CaseResponse): void {
  open.get(id)?.state.see(found)
}

function begin(id: string) {
  const scope = effectScope(true)
  const begun = { state: scope.run(() => follow(id)) as State, scope, users: 0 }
  open.set(id, begun)
  return begun
}

function follow(id: string) {
  const data = shallowRef<CaseResponse | null>(kept.get(id) ?? null)
  /** Counts what was seen, so that a reading which began before an act does not undo its answer. */
  let seen = 0

  function see(found: CaseResponse): void {
    seen += 1
    data.value = found
    failure.value = null
    kept.put(id, found)
  }

  const { failure, loading, load } = followCase(id, async () => {
    const before = seen
    const found = await ask<CaseResponse>(`/cases/${id}/response`)
    if (seen !== before) return false
    see(found)
    return true
  })

  /** Raises `Failure`. `key` stays the same when the same act is tried again, so that a lost answer cannot do it twice. */
  async function change(path: string, body: unknown = {}, { method = 'POST', key = newKey() } = {}): Promise<void> {
    see(await ask<CaseResponse>(path, { method, body, key }))
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
