import { useStore } from '../store.ts'

const reloadedKey = 'kerf-reloaded'

/** Keeps the page for when there is no network. Where the server does not isolate the page, it loads a second time, isolated by the service worker. */
export async function registerOffline(): Promise<void> {
  // Browsers have it in secure contexts alone, and not in every private window.
  if (!('serviceWorker' in navigator)) return
  await navigator.serviceWorker.register('./service-worker.js')
  await navigator.serviceWorker.ready
  const { network, opening } = useStore.getState()
  if (crossOriginIsolated || network || opening !== undefined || sessionStorage.getItem(reloadedKey)) return
  sessionStorage.setItem(reloadedKey, 'yes')
  location.reload()
}
