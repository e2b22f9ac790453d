import { onUnmounted, ref } from 'vue'
import { learnServerTime } from '@/live/clock'

/** Asks before sign-in whether the system is well, and whether this is the demo; neither needs an account. */
export function useHealth() {
  const state = ref<'asking' | 'ok' | 'bad' | 'down'>('asking')
  const demo = ref(false)

  async function look(): Promise<void> {
    const started = performance.now()
    try {
      const answer = await fetch('/readyz', { headers: { Accept: 'application/json' } })
      learnServerTime(answer.headers.get('Date') ?? undefined, performance.now() - started)
      state.value = answer.ok ? 'ok' : 'bad'
    } catch {
      state.value = 'down'
    }
  }

  async function askForDemo(): Promise<void> {
    demo.value = await fetch('/demo', { method: 'HEAD' }).then((answer) => answer.ok, () => false)
  }

  void look()
  void askForDemo()
  const timer = setInterval(look, 10_000)
  onUnmounted(() => clearInterval(timer))
  return { state, demo }
}
