import { ref, shallowRef } from 'vue'
import { asFailure, type Failure, newKey } from '@/live/api'
import { useResponse } from './store'

/** One act at a time on what goes on in a case; tried again after a lost answer it is the same act. */
export function useResponseAct(id: string) {
  const response = useResponse(id)
  const busy = ref(false)
  const failure = shallowRef<Failure | null>(null)
  const again = shallowRef<(() => Promise<boolean>) | null>(null)

  async function act(path: string, body: unknown = {}, key = newKey()): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    failure.value = null
    try {
      await response.change(path, body, { key })
      return true
    } catch (error) {
      failure.value = asFailure(error)
      again.value = failure.value.status === 0 || failure.value.status >= 500 ? () => act(path, body, key) : null
      // Refused: what the screen showed was older than what is.
      if (!again.value) void response.load()
      return false
    } finally {
      busy.value = false
    }
  }

  function forgive(): void { failure.value = null }

  return { response, busy, failure, again, act, forgive }
}
