import { computed, ref, shallowRef } from 'vue'
import { asFailure, ask, type Failure } from '@/live/api'
import { serverNow } from '@/live/clock'
import type { Candidates, Mode, Way } from './types'
import { keptOutBy } from './words'

/** Digits reach so many. */
export const REACHED = 9
export const LONGEST_QUEUE = 20

/**
 * Whom the operator wants to ask, and how.
 *
 * The list is read once and again only when it is asked for: a ranking that moves while fingers are on its numbers would send
 * somebody else. Nobody chosen means the best ones, and the first number that is pressed chooses that one alone.
 */
export function useChoice(id: string) {
  const found = shallowRef<Candidates | null>(null)
  const failure = ref<Failure | null>(null)
  const loading = ref(false)
  const readAt = ref(0)
  const item = ref('')
  const mode = ref<Mode>('parallel')
  const picked = ref(new Set<string>())
  const reason = ref('')
  let asked = 0

  async function load(): Promise<void> {
    const mine = (asked += 1)
    loading.value = true
    try {
      const answer = await ask<Candidates>(`/cases/${id}/candidates`, { query: { item: item.value } })
      if (mine !== asked) return
      const first = !found.value
      found.value = answer
      failure.value = null
      readAt.value = serverNow()
      item.value = answer.item.code
      if (first) mode.value = answer.modes[0]?.mode ?? 'parallel'
      const there = new Set(everybody.value)
      picked.value = new Set([...picked.value].filter((one) => there.has(one)))
    } catch (error) {
      if (mine === asked) failure.value = asFailure(error)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  const ranked = computed(() => found.value?.items ?? [])
  const everybody = computed(() => [...ranked.value, ...(found.value?.excluded ?? [])].map(({ worker }) => worker.id))
  const way = computed<Way | null>(() => found.value?.modes.find((one) => one.mode === mode.value) ?? null)
  /** In the order of the ranking, those who were set aside last. */
  const chosen = computed(() => everybody.value.filter((one) => picked.value.has(one)))
  const breaksRule = computed(() => found.value?.excluded.some(({ worker }) => picked.value.has(worker.id)) ?? false)
  const needsReason = computed(() => mode.value === 'direct' || breaksRule.value)
  /** Those who are asked when it is sent now. */
  const asks = computed(() => {
    if (chosen.value.length || mode.value === 'direct') return chosen.value
    return ranked.value.slice(0, mode.value === 'parallel' ? way.value?.workers : LONGEST_QUEUE).map(({ worker }) => worker.id)
  })
  const missing = computed<'one' | 'reason' | 'nobody' | null>(() => {
    if (mode.value === 'direct' && chosen.value.length !== 1) return 'one'
    if (!asks.value.length) return 'nobody'
    return needsReason.value && !reason.value.trim() ? 'reason' : null
  })

  function toggle(worker: string): void {
    const next = new Set(mode.value === 'direct' ? [] : picked.value)
    if (!picked.value.has(worker)) next.add(worker)
    else next.delete(worker)
    picked.value = next
  }

  function toggleAt(place: number): void {
    const one = ranked.value[place]
    if (one) toggle(one.worker.id)
  }

  /** Somebody who is left out, all the same: alone and with a reason. */
  function anyway(worker: string): void {
    mode.value = 'direct'
    picked.value = new Set([worker])
  }

  /** Everybody whom this rule alone keeps out, as many as are asked at once. */
  function relax(code: string): void {
    if (mode.value === 'direct') mode.value = found.value?.modes.find((one) => one.mode !== 'direct')?.mode ?? 'direct'
    const people = keptOutBy(code, found.value?.excluded ?? []).slice(0, mode.value === 'parallel' ? way.value?.workers : LONGEST_QUEUE)
    picked.value = new Set(people.map(({ worker }) => worker.id))
  }

  function clear(): void {
    picked.value = new Set()
    reason.value = ''
  }

  const body = computed(() => ({
    mode: mode.value,
    workers: asks.value,
    reason: needsReason.value ? reason.value.trim() : undefined,
    item: item.value || undefined,
  }))

  return {
    found, failure, loading, readAt, load, item, mode, picked, reason, way, chosen, asks, needsReason, missing, body,
    ranked, toggle, toggleAt, anyway, relax, clear,
  }
}
export type Choice = ReturnType<typeof useChoice>
