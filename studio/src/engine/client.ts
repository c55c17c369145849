import { type Remote, wrap } from 'comlink'
import type { Engine } from './engine.ts'
import type { ModelSource } from './model-source.ts'
import type { Network } from './types.ts'

/*
 * Engines in workers, one for each model: a model is closed, and what is being read or counted is stopped, by ending its worker, whatever it is doing.
 */

interface Desk {
  readonly remote: Remote<Engine>
  /** Rejects when the worker ends: it answers no more. */
  readonly ended: Promise<never>
  /** @param why for those who wait for an answer */
  end(why: Error): void
}

/** What is thrown to those who wait for an engine that was closed: nobody needs to be told. */
export class Closed extends Error {
  override readonly name = 'Closed'
}

function newDesk(): Desk {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  let reject: (why: Error) => void = () => {}
  const ended = new Promise<never>((_, no) => {
    reject = no
  })
  // Whether or not somebody waits.
  ended.catch(() => {})
  const end = (why: Error) => {
    worker.terminate()
    reject(why)
  }
  worker.addEventListener('error', (event) =>
    end(new Error(`The engine stopped${event.message ? `: ${event.message}` : ' or could not be loaded'}.`)),
  )
  return { remote: wrap<Engine>(worker), ended, end }
}

/** Started before it is needed. */
let spare: Desk | undefined = newDesk()
let current: Desk | undefined
let opening: Desk | undefined

/**
 * Reads a model; when it is there, the one before is closed. Where it cannot be read, that one stays.
 * @throws `Closed` where another one is opened meanwhile, or it is cancelled; what `Engine.open` throws
 */
export async function openModel(source: ModelSource): Promise<Network> {
  cancelOpening()
  const desk = spare ?? newDesk()
  opening = desk
  spare = undefined
  try {
    const network = await Promise.race([desk.remote.open(source), desk.ended])
    closeModel()
    current = desk
    return network
  } catch (error) {
    desk.end(new Closed())
    throw error
  } finally {
    if (opening === desk) opening = undefined
    spare ??= newDesk()
  }
}

/** Stops reading the model that is being read, if any. */
export const cancelOpening = (): void => opening?.end(new Closed())

/** Forgets the model. */
export function closeModel(): void {
  current?.end(new Closed())
  current = undefined
}

/** The engine's methods, as the page has them. */
type Calls = {
  readonly [K in Exclude<keyof Engine, 'open'>]: (
    ...args: Parameters<Engine[K]>
  ) => Promise<Awaited<ReturnType<Engine[K]>>>
}

/**
 * The engine of the open model: its methods run in the worker, one after another. They reject with `Closed` where the model is closed meanwhile.
 */
export const engine = new Proxy({} as Calls, {
  get:
    (_, method: keyof Calls) =>
    async (...args: never[]) => {
      if (!current) throw new Closed()
      const { remote, ended } = current
      const call = remote[method] as (...args: never[]) => Promise<unknown>
      return Promise.race([call(...args), ended])
    },
})
