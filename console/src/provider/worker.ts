/**
 * Lets the helper's page open where there is no network. It holds the files of one build, each version in a cache of its
 * own, and never anything that the centre answers: what a person may see is decided by the centre and kept by the page.
 */
interface Waits extends Event { waitUntil(work: Promise<unknown>): void }
interface Asked extends Event { readonly request: Request; respondWith(answer: Promise<Response>): void }
interface Told extends Event { readonly data: unknown }
interface Scope {
  addEventListener<E extends Event>(type: string, listener: (event: E) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
}
/** Put in by `scripts/worker.ts` when the page is built. */
declare const SHELL_FILES: string[]
declare const SHELL_VERSION: string

const PAGE = '/provider'
const PREFIX = 'provider '
const NAME = PREFIX + SHELL_VERSION
const FILES = SHELL_FILES
const scope = globalThis as unknown as Scope

scope.addEventListener<Waits>('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll([new Request(PAGE, { cache: 'reload' }), ...FILES])))
})

scope.addEventListener<Waits>('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => scope.clients.claim()))
})

/** The page says so when nobody is in the middle of anything. */
scope.addEventListener<Told>('message', ({ data }) => { if (data === 'take over') void scope.skipWaiting() })

scope.addEventListener<Asked>('fetch', (event) => {
  const { method, mode, url } = event.request
  const { origin, pathname } = new URL(url)
  if (method !== 'GET' || origin !== location.origin) return
  if (mode === 'navigate' ? pathname === PAGE : FILES.includes(pathname)) event.respondWith(kept(event.request, pathname))
})

async function forgetOthers(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== NAME).map((name) => caches.delete(name)))
}

/** The page and its files are of one build, however the line is; the next build comes when the page has time. */
async function kept(request: Request, pathname: string): Promise<Response> {
  const cache = await caches.open(NAME)
  return (await cache.match(pathname)) ?? fetch(request)
}
