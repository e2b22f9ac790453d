/** The page can be opened without a network, and renews itself when the centre has a newer one and nobody is busy. */
import { ref } from 'vue'

const IDLE_MS = 30_000
/** The centre has a newer page than this one. */
export const outdated = ref(false)

let registration: ServiceWorkerRegistration | null = null
let known = ''
let touchedAt = Date.now()
for (const event of ['pointerdown', 'keydown']) window.addEventListener(event, () => { touchedAt = Date.now() }, { passive: true })

/** Only over HTTPS, and not in every browser inside an app: nothing depends on it. */
export function keepOpenable(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  navigator.serviceWorker.register('/provider-worker.js', { scope: '/provider', updateViaCache: 'none' }).then((made) => {
    registration = made
    look()
    made.addEventListener('updatefound', () => made.installing?.addEventListener('statechange', look))
  }, () => undefined)
}

/** One that waits is a newer one; the first of all waits for nobody. */
function look(): void {
  if (registration?.waiting && registration.active) outdated.value = true
}

/** What the centre calls its build, whenever it says so. */
export function noteBuild(build: string): void {
  known ||= build
  if (known === build) return
  known = build
  if (registration) void registration.update().catch(() => undefined)
  else outdated.value = true
}

export const isIdle = (): boolean => document.hidden || Date.now() - touchedAt > IDLE_MS

export function renew(): void {
  const next = registration?.waiting
  if (!next) {
    window.location.reload()
    return
  }
  navigator.serviceWorker.addEventListener('controllerchange', () => window.location.reload(), { once: true })
  next.postMessage('take over')
}
