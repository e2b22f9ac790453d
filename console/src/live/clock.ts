import { ref } from 'vue'

/**
 * Server time. The PC's clock may be wrong or be changed at any moment, so we add what the monotonic
 * clock has counted to what the server told. A message that was long under way tells an old time;
 * of the last ones the newest-looking was the quickest, and that one is believed.
 */
const REMEMBERED = 30
const offsets: number[] = []
let offset = Date.now() - performance.now()

/** Milliseconds since 1970 by the server's clock; moves four times a second, for timers on the screen. */
export const now = ref(Date.now())
/** How far the clock of this PC is ahead, in milliseconds. */
export const skew = ref(0)

export function serverNow(): number {
  return offset + performance.now()
}

/** `delay`: how long the question and its answer were under way together, where that is known. */
export function learnServerTime(text: string | undefined, delay = 0): void {
  const told = text ? Date.parse(text) : Number.NaN
  if (Number.isNaN(told)) return
  offsets.push(told + delay / 2 - performance.now())
  if (offsets.length > REMEMBERED) offsets.shift()
  offset = Math.max(...offsets)
  if (offsets.length === 1) tick()
}

function tick(): void {
  now.value = serverNow()
  skew.value = Date.now() - now.value
}

setInterval(tick, 250)
