import { wrap } from 'comlink'
import { type EndingWorker, endingWorker } from './ending-worker.ts'
import type { Engine } from './engine.ts'
import type { ModelSource } from './model-source.ts'
import type { Opened } from './open-model.ts'

/*
 * Engines in workers, one for each model: a model is closed, and what is being read or counted is stopped, by ending its worker, whatever it is doing.
 */

/** An object's methods, called from the page. */
type Asynchronous<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** The engine's desks, as the page has them. */
type Desks = { readonly [K in keyof Engine]: Asynchronous<Engine[K]> }

interface EngineWorker extends EndingWorker {
  readonly remote: Desks
}

/** What is thrown to those who wait for an engine that was closed: nobody needs to be told. */
export class Closed extends Error {
  override readonly name = 'Closed'
}

function start(): EngineWorker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  // Comlink's own types know methods of the object itself, not of objects in it.
  return { ...endingWorker(worker, 'engine'), remote: wrap(worker) as unknown as Desks }
}

/** Started before it is needed. */
let spare: EngineWorker | undefined = start()
let current: EngineWorker | undefined
let opening: EngineWorker | undefined

/**
 * Reads a model; when it is there, the one before is closed. Where it cannot be read, that one stays.
 * @throws `Closed` where another one is opened meanwhile, or it is cancelled; what `Engine.open` throws
 */
export async function openModel(source: ModelSource): Promise<Opened> {
  cancelOpening()
  const begun = spare ?? start()
  opening = begun
  spare = undefined
  try {
    const found = await Promise.race([begun.remote.model.open(source), begun.ended])
    closeModel()
    current = begun
    return found
  } catch (error) {
    begun.end(new Closed())
    throw error
  } finally {
    if (opening === begun) opening = undefined
    spare ??= start()
  }
}

/** Stops reading the model that is being read, if any. */
export const cancelOpening = (): void => opening?.end(new Closed())

/** Forgets the model. */
export function closeModel(): void {
  current?.end(new Closed())
  current = undefined
}

/**
 * The engine of the open model, desk by desk: methods run in the worker, one after another. They reject with `Closed` where the model is closed meanwhile.
 */
export const engine = new Proxy({} as Desks, {
  get: (_, desk: keyof Engine) =>
    new Proxy(
      {},
      {
        get:
          (_, method: string) =>
          async (...args: never[]) => {
            if (!current) throw new Closed()
            const { remote, ended } = current
            const call = remote[desk][method as never] as (...args: never[]) => Promise<unknown>
            return Promise.race([call(...args), ended])
          },
      },
    ),
})
