import { shallowRef } from 'vue'
import { newKey } from '@/live/api'
import { useDoing } from '@/ui/doing'
import { useResponse } from './store'

/** One act at a time on what goes on in a case; tried again after a lost answer it is the same act. */
export function useResponseAct(id: string) {
  const response = useResponse(id)
  const { busy, failure, run } = useDoing()
  const again = shallowRef<(() => Promise<boolean>) | null>(null)

  async function act(path: string, body: unknown = {}, key = newKey()): Promise<boolean> {
    if (busy.value) return false
    await run(() => response.change(path, body, { key }))
    if (!failure.value) return true
    again.value = failure.value.status === 0 || failure.value.status >= 500 ? () => act(path, body, key) : null
    // Refused: what the screen showed was older than what is.
    if (!again.value) void response.load()
    return false
  }

  function forgive(): void { failure.value = null }

  return { response, busy, failure, again, act, forgive }
}
