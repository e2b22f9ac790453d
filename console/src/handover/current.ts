import { ref, shallowRef } from 'vue'
import { asFailure, ask, type Failure, newKey } from '@/live/api'
import { useFloor } from '@/floor/store'
import type { Handover, Item } from './types'

/** One handover as the server has it; every tick is there before it is on the screen. */
export function useHandover() {
  const floor = useFloor()
  const found = shallowRef<Handover | null>(null)
  const failure = ref<Failure | null>(null)
  const busy = ref(false)

  async function send(path: string, method = 'POST', body?: unknown): Promise<boolean> {
    const acts = method !== 'GET' // looking again must not shut what somebody is about to press
    if (acts) busy.value = true
    try {
      const answer = await ask<Handover>(path, { method, body, key: acts ? newKey() : undefined })
      // Two answers may overtake each other on the way: the older one is not news.
      const known = found.value
      if (!known || known.id !== answer.id || answer.version >= known.version) found.value = answer
      failure.value = null
      if (acts) void floor.beat()
      return true
    } catch (error) {
      failure.value = asFailure(error)
      return false
    } finally {
      if (acts) busy.value = false
    }
  }

  const path = (more = '') => `/handovers/${found.value?.id}${more}`
  const begin = () => send('/handovers', 'POST', {})
  const load = (id: string) => send(`/handovers/${id}`, 'GET')
  const act = (verb: 'offer' | 'return' | 'accept' | 'cancel', body?: unknown) => send(path(`/${verb}`), 'POST', body)
  const mark = (item: Item, said: Record<string, unknown>) => send(path(`/items/${item.id}`), 'PATCH', said)
  const receive = (item: Item, said: Record<string, unknown>) => send(path(`/items/${item.id}/receive`), 'POST', said)
  const clear = (item: Item) => send(path(`/items/${item.id}/clear`))
  const add = (text: string, keep: boolean) => send(path('/items'), 'POST', { text, keep })
  const write = (note: string) => send(path('/note'), 'PUT', { note })

  return { found, failure, busy, begin, load, act, mark, receive, clear, add, write }
}
