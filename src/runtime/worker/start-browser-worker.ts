import { browserWorkers, spawnBrowserWorker, workersBlocked } from '../backends/wasm/engine/pool.ts'
import type { StartSessionWorker } from './worker-session.ts'

/**
 * A worker of a browser. A file of another origin, which none may start from, is loaded by one from a Blob.
 * @throws KerfError `workers-blocked`
 */
export const startBrowserWorker: StartSessionWorker = (script = ownScript()) => {
  if (!spawnBrowserWorker) throw workersBlocked('there are none')
  const address = new URL(script, globalThis.location?.href)
  const isForeign = address.protocol.startsWith('http') && address.origin !== globalThis.location.origin
  const spawn = isForeign ? spawnBrowserWorker : browserWorkers(address)
  return spawn(`importScripts(${JSON.stringify(address.href)})`)
}

/** `kerf/worker`, as the package has it and as bundlers that know this way of writing copy it. */
function ownScript(): URL {
  // Undefined in scripts that are no modules.
  if (import.meta.url === undefined) throw workersBlocked('the program is a script without a module')
  return new URL('../worker.js', import.meta.url)
}
