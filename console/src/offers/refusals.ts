import { computed, effectScope, onScopeDispose, watch, type EffectScope } from 'vue'
import { play } from '@/sound/player'
import { useWorkplace } from '@/workplace/store'
import { useOffers } from './store'
import type { CaseOffers } from './types'

const FLAGS = ['offered', 'coming', 'offers_exhausted']

/**
 * Somebody whom I sent for says no, or says nothing: I hear it, whatever is on my screen.
 *
 * The row of the case cannot tell: the next are asked in the same moment, and their message has left before the row is here.
 */
export function useRefusals(): void {
  const work = useWorkplace()
  const scopes = new Map<string, EffectScope>()
  const ids = computed(() => work.mine.filter(({ flags }) => flags.some((flag) => FLAGS.includes(flag))).map(({ id }) => id))

  watch(() => ids.value.join(), () => {
    for (const id of ids.value) if (!scopes.has(id)) scopes.set(id, listen(id))
    for (const [id, scope] of scopes) {
      if (ids.value.includes(id)) continue
      scope.stop()
      scopes.delete(id)
    }
  }, { immediate: true })
  onScopeDispose(() => scopes.forEach((scope) => scope.stop()))
}

function listen(id: string): EffectScope {
  const scope = effectScope(true)
  scope.run(() => {
    const { data } = useOffers(id)
    watch(data, (after, before) => { if (before && refusals(after) > refusals(before)) play('refused') })
  })
  return scope
}

function refusals(found: CaseOffers | null): number {
  return found?.items.filter(({ state }) => state === 'declined' || state === 'expired').length ?? 0
}
