import { onUnmounted, ref, shallowRef } from 'vue'
import { asFailure, ask, type Failure } from '@/live/api'
import { useLink } from '@/live/link'

/** Something of the server that is asked for again and again while it is on the screen. */
export function usePolled<T>(path: string, every: number) {
  const link = useLink()
  const data = shallowRef<T | null>(null)
  const failure = ref<Failure | null>(null)
  let asking = false

  async function load(): Promise<void> {
    if (asking || (link.lost && data.value)) return
    asking = true
    try {
      data.value = await ask<T>(path)
      failure.value = null
    } catch (error) {
      failure.value = asFailure(error)
    } finally {
      asking = false
    }
  }
  const timer = window.setInterval(() => void load(), every)
  onUnmounted(() => clearInterval(timer))
  void load()
  return { data, failure, load }
}
