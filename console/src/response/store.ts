import { computed, effectScope, onScopeDispose, onUnmounted, ref, shallowRef, watch, type EffectScope } from 'vue'
import { asFailure, ask, type Failure, newKey } from '@/live/api'
import { Kept } from '@/live/kept'
import { useLink } from '@/live/link'
import { useLive } from '@/live/store'
import { useSession } from '@/session/store'
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
  const live = useLive()
  const link = useLink()
  const session = useSession()
  const data = shallowRef<CaseResponse | null>(kept.get(id) ?? null)
  const failure = ref<Failure | null>(null)
  const loading = ref(false)
  let again = false
  let timer = 0
  /** Counts what was seen, so that a reading which began before an act does not undo its answer. */
  let seen = 0

  function see(found: CaseResponse): void {
    seen += 1
    data.value = found
    failure.value = null
    kept.put(id, found)
  }

  async function load(): Promise<void> {
    if (loading.value) {
      again = true
      return
    }
    loading.value = true
    const before = seen
    try {
      const found = await ask<CaseResponse>(`/cases/${id}/response`)
      if (seen === before) see(found)
      else again = true
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

  /** Raises `Failure`. `key` stays the same when the same act is tried again, so that a lost answer cannot do it twice. */
  async function change(path: string, body: unknown = {}, { method = 'POST', key = newKey() } = {}): Promise<void> {
    see(await ask<CaseResponse>(path, { method, body, key }))
  }

  watch(() => [live.find(id)?.version, live.find(id)?.last_event?.at], () => {
    clearTimeout(timer)
    timer = window.setTimeout(() => void load(), 120)
  })
  watch(() => link.lost, (lost) => { if (!lost) void load() })
  watch(() => session.phase, (phase) => { if (phase === 'in') void load() })
  onScopeDispose(() => clearTimeout(timer))
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
