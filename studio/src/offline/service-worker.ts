/*
 * Keeps the page for when there is no network, and adds the headers that servers of plain folders leave out: isolation, without which browsers share no memory
 * between threads, and the policy that no request goes elsewhere. Not used behind `kerf studio`, which sends them itself.
 */

/** What is used of a service worker, whose types do not go together with a page's. */
interface Life extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Asked extends Event {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface Scope {
  readonly registration: { readonly scope: string }
  readonly clients: { claim(): Promise<void> }
  addEventListener(type: 'install' | 'activate', listener: (event: Life) => void): void
  addEventListener(type: 'fetch', listener: (event: Asked) => void): void
}
const scope = globalThis as unknown as Scope

/** The build puts its files here: addresses below the scope, and what they are together. */
declare const KERF_FILES: readonly string[]
declare const KERF_BUILD: string
declare const KERF_POLICY: string

const cacheName = `kerf-studio-${KERF_BUILD}`
const page = new URL('./index.html', scope.registration.scope).href

scope.addEventListener('install', (event) =>
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) =>
        cache.addAll(
          KERF_FILES.map((file) => new Request(new URL(file, scope.registration.scope), { cache: 'no-cache' })),
        ),
      ),
  ),
)

scope.addEventListener('activate', (event) => event.waitUntil(Promise.all([forgetOthers(), scope.clients.claim()])))

/** Of this folder: others of the same server may hold another one. */
async function forgetOthers(): Promise<void> {
  const ours = (await caches.keys()).filter((key) => key.startsWith('kerf-studio-') && key !== cacheName)
  for (const key of ours) {
    const [first] = await (await caches.open(key)).keys()
    if (first?.url.startsWith(scope.registration.scope)) await caches.delete(key)
  }
}

scope.addEventListener('fetch', (event) => {
  const { request } = event
  const isOurs = request.url.startsWith(scope.registration.scope)
  if (request.method === 'GET' && isOurs) event.respondWith(answer(request))
})

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName)
  const kept = await cache.match(request.mode === 'navigate' ? page : request, { ignoreSearch: true })
  const { body, status, statusText, headers: given } = kept ?? (await fetch(request))
  const headers = new Headers(given)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  headers.set('Content-Security-Policy', KERF_POLICY)
  // Without a body, as a 304 or a 204 has to be.
  return new Response(status === 204 || status === 304 ? null : body, { status, statusText, headers })
}
