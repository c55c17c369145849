// The runtime with Node's worker threads.
// Not here: anything that also runs in a browser (index.ts).
// May import: base, graph, ops, plan.

import type { Model } from '../graph/index.ts'
import { measureLimit as measureCoreLimit } from './backends/wasm/limit.ts'
import { createResident as createCoreResident, type Resident, type ResidentOptions } from './resident.ts'
import { createSession as createCoreSession, type Session, type SessionOptions } from './session.ts'
import { spawnNodeWorker } from './spawn.node.ts'

export * from './index.ts'
export { spawnNodeWorker } from './spawn.node.ts'

/** `createSession` with threads of Node. */
export function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  return createCoreSession(model, { spawn: spawnNodeWorker, ...options })
}

/** `createResident` with threads of Node. */
export function createResident(
  model: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  options: ResidentOptions = {},
): Promise<Resident> {
  return createCoreResident(model, inputShapes, { spawn: spawnNodeWorker, ...options })
}

/** `measureLimit` with threads of Node. */
export function measureLimit(threads = 1): Promise<number> {
  return measureCoreLimit(threads, spawnNodeWorker)
}
