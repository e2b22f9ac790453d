import { onUnmounted, ref } from 'vue'
import type { CaseRow, Snapshot } from '@/live/types'

/**
 * Which of the four steps the newcomer is at, read from the case itself: pressed, taken, worked on, closed.
 * The console's own session is used, so it starts once the middle pane has signed in.
 */
export type Step = 1 | 2 | 3 | 4 | 5

const EVERY_MS = 900

export function useCoach() {
  const step = ref<Step>(1)
  const caseId = ref('')
  const seconds = ref(0)
  const known = new Set<string>()
  let first = true
  let pressedAt = 0
  let timer = 0
  let gone = false

  function look(rows: CaseRow[]): void {
    if (first) {
      rows.forEach((row) => known.add(row.id + row.signals))
      first = false
      return
    }
    const current = rows.find((row) => row.id === caseId.value)
    if (step.value === 1) begin(rows)
    else if (!current) finish()
    else if (step.value === 2 && current.owner) step.value = 3
    else if (step.value === 3 && current.last_event && ['note', 'call_out', 'message'].includes(current.last_event.kind)) step.value = 4
  }

  function begin(rows: CaseRow[]): void {
    const pressed = rows.find((row) => row.cause === 'sos' && row.elder && !known.has(row.id + row.signals))
    rows.forEach((row) => known.add(row.id + row.signals))
    if (!pressed) return
    caseId.value = pressed.id
    pressedAt = Date.now()
    step.value = pressed.owner ? 3 : 2
  }

  function finish(): void {
    seconds.value = Math.round((Date.now() - pressedAt) / 1000)
    step.value = 5
  }

  async function poll(): Promise<void> {
    try {
      const answer = await fetch('/api/v1/live/snapshot')
      if (answer.ok) look(((await answer.json()) as Snapshot).cases)
    } catch {
      // The line may be cut on purpose; the coach waits.
    }
    if (!gone) timer = window.setTimeout(poll, EVERY_MS)
  }

  function restart(): void {
    step.value = 1
    caseId.value = ''
    first = true
  }

  onUnmounted(() => { gone = true; clearTimeout(timer) })
  timer = window.setTimeout(poll, EVERY_MS)
  return { step, seconds, restart }
}
