import { boundedBy, withDefaults } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { createSessionHere, type Session, type SessionOptions } from './session.ts'
import { startBrowserWorker } from './worker/start-browser-worker.ts'
import { createWorkerSession, type StartSessionWorker } from './worker/worker-session.ts'

/**
 * Makes a network ready to run.
 *
 *     const session = await createSession('model.onnx', { threads: 2 })
 *     const { logits } = await session.run({ input: hostTensor('float32', [1, 3, 224, 224], pixels) })
 *
 * With `worker: true` it is made and run in a worker, and a page stays responsive meanwhile.
 *
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws as `openModel`; UnsupportedError when an operator is not known; KerfError when a shape is missing or the memory does not suffice, and `aborted`; in a worker also
 *   `workers-blocked` where it cannot start, `bad-options` for a backend of your own
 */
export async function createSession(source: ModelSource, options: SessionOptions = {}): Promise<Session> {
  return createBrowserSession(await modelOf(source, options), options)
}

/** The same of a model that is there. */
export const createBrowserSession = (model: Model, options: SessionOptions = {}): Promise<Session> =>
  createSessionWith(startBrowserWorker, model, options)

/** @param start starts the worker, where one is asked for */
export function createSessionWith(
  start: StartSessionWorker,
  model: Model,
  { worker = false, ...options }: SessionOptions,
  here: Pick<SessionOptions, 'spawn' | 'native'> = {},
): Promise<Session> {
  return boundedBy(options, () =>
    worker
      ? createWorkerSession(model, withDefaults(options, { native: here.native }), start)
      : createSessionHere(model, withDefaults(options, here)),
  )
}
