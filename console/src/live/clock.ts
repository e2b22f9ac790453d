import { ref } from 'vue'

/**
 * Server time. The PC's clock may be wrong or be changed at any moment, so we keep the server's time
 * of one instant and add what the monotonic clock has counted since.
 */
let serverAt = Date.now()
let countedAt = performance.now()
let bestDelay = Number.POSITIVE_INFINITY

/** Milliseconds since 1970 by the server's clock; moves four times a second, for timers on the screen. */
export const now = ref(Date.now())
/** How far the clock of this PC is off, in milliseconds. */
export const skew = ref(0)

export function serverNow(): number {
  return serverAt + (performance.now() - countedAt)
}

/** `delay` is how long the answer may have been under way; a slower answer never replaces a quicker one by much. */
export function learnServerTime(text: string | undefined, delay = 0): void {
  if (!text) return
  const told = Date.parse(text) + delay / 2
  if (Number.isNaN(told)) return
  const off = Math.abs(told - serverNow())
  if (delay <= bestDelay || off > 1000) {
    bestDelay = Math.max(delay, 20)
    serverAt = told
    countedAt = performance.now()
  }
  skew.value = Date.now() - serverNow()
  now.value = serverNow()
}

setInterval(() => { now.value = serverNow() }, 250)
