// The runtime with Node's worker threads.
// Not here: anything that also runs in a browser (index.ts).
// May import: base, graph, ops, onnx, plan.

import { type Task, withDefaults } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import type { Program } from './backend.ts'
import { type LimitOptions, measureLimit as measureCoreLimit } from './backends/wasm/engine/limit.ts'
import { type BackendOptions, chooseMatrices } from './choose-backend.ts'
import { createProgram as createCoreProgram } from './create-program.ts'
import { createSessionWith } from './create-session.ts'
import { nativeKernels } from './native.node.ts'
import type { Runtime } from './running.ts'
import type { Session, SessionOptions } from './session.ts'
import { spawnNodeWorker, startNodeWorker } from './spawn.node.ts'

export * from './index.ts'
export { spawnNodeWorker } from './spawn.node.ts'

/** `createSession` with threads and workers of Node, and paths of files. */
export async function createSession(source: ModelSource, options: SessionOptions = {}): Promise<Session> {
  return createSessionWith(startNodeWorker, await modelOf(source, options), options, {
    spawn: spawnNodeWorker,
    native: nativeKernels(),
  })
}

/** `createProgram` with threads of Node. */
export function createProgram(
  model: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  options: BackendOptions & Task = {},
): Promise<Program> {
  return createCoreProgram(
    model,
    inputShapes,
    withDefaults(options, { spawn: spawnNodeWorker, native: nativeKernels() }),
  )
}

/** `measureLimit` with threads of Node, and of machine code where there are kernels in it. */
export function measureLimit(threads = 1, options: LimitOptions = {}): Promise<number> {
  return measureCoreLimit(threads, withDefaults(options, { spawn: spawnNodeWorker, native: nativeKernels() }))
}

/** The runtime with threads of Node, for those who run networks as part of something larger. */
export const nodeRuntime: Runtime = {
  ...{ createSession, createProgram },
  openMatrices: (options = {}) => chooseMatrices(withDefaults(options, { spawn: spawnNodeWorker })),
}
