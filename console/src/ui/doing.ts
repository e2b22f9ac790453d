import { ref } from 'vue'
import { asFailure, type Failure } from '@/live/api'

/** One act at a time, and what went wrong with it. */
export function useDoing() {
  const busy = ref(false)
  const failure = ref<Failure | null>(null)

  async function run(act: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    failure.value = null
    try {
      await act()
    } catch (error) {
      failure.value = asFailure(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, failure, run }
}
