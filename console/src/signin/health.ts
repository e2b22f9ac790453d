import { onUnmounted, ref } from 'vue'
import { learnServerTime } from '@/live/clock'

/** Asks before sign-in whether the system is well; the answer needs no account. */
export function useHealth() {
  const state = ref<'asking' | 'ok' | 'bad' | 'down'>('asking')
  const demo = ref(false)

  async function look(): Promise<void> {
    const started = performance.now()
    try {
      const answer = await fetch('/readyz', { headers: { Accept: 'application/json' } })
      learnServerTime(answer.headers.get('Date') ?? undefined, performance.now() - started)
      const body = await answer.json().catch(() => ({})) as { demo?: boolean }
      demo.value = body.demo ?? demo.value
      state.value = answer.ok ? 'ok' : 'bad'
    } catch {
      state.value = 'down'
    }
  }
  void look()
  const timer = setInterval(look, 10_000)
  onUnmounted(() => clearInterval(timer))
  return { state, demo }
}
