import { existsSync } from 'node:fs'
import { freemem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { KerfError } from '../../base/index.ts'
import { createLoader } from '../loader.ts'
import type { Batch, ImageSet, Loader, LoaderOptions } from '../types.ts'
import { buffersOf, type EpochRequest, type LoaderTask, type Prepared } from './messages.ts'

/** A loader whose batches another thread prepares. */
export interface WorkerLoader extends Loader {
  /** One number in shared memory: how many batches the thread has handed on so far, over all epochs. It can be waited for without an event loop. */
  readonly prepared: Int32Array<SharedArrayBuffer>
  /** Ends the thread. */
  dispose(): Promise<void>
}

/** How batches are prepared in a thread of their own. */
export interface WorkerLoaderOptions extends LoaderOptions {
  /** Batches that are prepared while one is used; 2 by default. */
  readonly ahead?: number
  /** What the thread runs; the built package's own by default. */
  readonly script?: URL
}

/** Beside this file where the package is built; programs that are bundled into one file do not have it. */
const ownScript = new URL('./loader-worker.node.js', import.meta.url)

/**
 * The batches of `createLoader`, to the same bits, prepared in a thread of their own while this one calculates, whose kernels leave the event loop no
 * time. Pixels are moved into shared memory, which both threads read.
 * @returns undefined where that cannot be: pixels that are not bytes in memory, or would not fit twice into the memory that is free while they are
 *   moved, or no script for the thread. `createLoader` does it then.
 * @throws KerfError as `createLoader`; iterating over an epoch, what preparing throws, and `worker-ended`
 */
export function createWorkerLoader(set: ImageSet, given: WorkerLoaderOptions): WorkerLoader | undefined {
  const { ahead = 2, script = ownScript, ...options } = given
  if (!Number.isInteger(ahead) || ahead < 1)
    throw new KerfError('bad-options', `ahead is ${ahead}; give a whole number of at least 1.`, { ahead })
  const here = createLoader(set, options)
  const fits = set.bytes !== undefined && set.bytes < freemem() / 2
  if (!set.share || !fits || !existsSync(fileURLToPath(script))) return undefined
  const prepared = new Int32Array(new SharedArrayBuffer(4))
  const task: LoaderTask = { set: set.share(), options, prepared }
  const thread = new LoaderThread(script, task)
  return {
    classes: here.classes,
    shape: here.shape,
    batchSize: here.batchSize,
    batches: here.batches,
    images: here.images,
    prepared,
    epoch(epoch, firstBatch = 0) {
      // Refuses what is out of range.
      here.epoch(epoch, firstBatch)
      const count = here.batches - firstBatch
      return { [Symbol.asyncIterator]: () => thread.batches({ epoch, firstBatch, ahead: ahead + 1 }, count) }
    },
    dispose: () => thread.end(),
  }
}

class LoaderThread {
  readonly #worker: Worker
  readonly #epochs = new Set<EpochPort>()
  #ended: string | undefined

  constructor(script: URL, workerData: LoaderTask) {
    this.#worker = new Worker(script, { workerData })
    // A thread that waits for work must not keep the process alive; whoever waits for a batch does (EpochPort).
    this.#worker.unref()
    this.#worker.on('error', (error) => this.#fail(error.message))
    this.#worker.on('exit', (code) => this.#fail(`it exited with code ${code}`))
  }

  #fail(why: string): void {
    this.#ended ??= why
    for (const epoch of this.#epochs) epoch.fail(workerEnded(this.#ended))
  }

  async *batches(
    request: Omit<EpochRequest<MessagePort>, 'port'>,
    count: number,
  ): AsyncGenerator<Batch, void, undefined> {
    if (this.#ended !== undefined) throw workerEnded(this.#ended)
    const { port1, port2 } = new MessageChannel()
    const epoch = new EpochPort(port1)
    this.#epochs.add(epoch)
    try {
      this.#worker.postMessage({ ...request, port: port2 } satisfies EpochRequest<MessagePort>, [port2])
      for (let i = 0; i < count; i++) {
        const batch = await epoch.next()
        yield batch
        // Its arrays are those of a batch to come.
        const { images, targets, labels } = batch
        port1.postMessage({ images, targets, labels }, buffersOf(batch))
      }
    } finally {
      this.#epochs.delete(epoch)
      port1.close()
    }
  }

  async end(): Promise<void> {
    this.#ended ??= 'it was released'
    await this.#worker.terminate()
  }
}

type PreparedBatch = Extract<Prepared, { kind: 'batch' }>

/** This end of an epoch's channel. */
class EpochPort {
  readonly #port: MessagePort
  /** Messages that the event loop has brought; those that it has not are asked for. */
  readonly #arrived: Prepared[] = []
  #waiting: { readonly resolve: () => void; readonly reject: (error: KerfError) => void } | undefined
  #failure: KerfError | undefined

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (message: Prepared) => {
      this.#arrived.push(message)
      this.#waiting?.resolve()
    })
    port.unref()
  }

  fail(error: KerfError): void {
    this.#failure = error
    this.#waiting?.reject(error)
  }

  /** At once where the batch is ready, also where this thread has not been idle since it was asked for. */
  async next(): Promise<PreparedBatch> {
    const message = this.#arrived.shift() ?? received(this.#port) ?? (await this.#wait())
    if (message.kind === 'batch') return message
    const { code, message: text, details } = message
    throw code === undefined ? new Error(text) : new KerfError(code, text, { ...details })
  }

  async #wait(): Promise<Prepared> {
    if (this.#failure) throw this.#failure
    this.#port.ref()
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { resolve, reject }
      })
    } finally {
      this.#waiting = undefined
      this.#port.unref()
    }
    return this.#arrived.shift()!
  }
}

const received = (port: MessagePort): Prepared | undefined =>
  (receiveMessageOnPort(port) as { message: Prepared } | undefined)?.message

const workerEnded = (why: string): KerfError =>
  new KerfError(
    'worker-ended',
    `The thread that prepares batches ended: ${why}. Run again; what was saved goes on with --resume.`,
    { why },
  )
