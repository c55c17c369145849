import { KerfError, within } from '../../../../base/index.ts'
import { type BinaryName, control } from './kernels.generated.ts'
import { allBinaries, instantiate, type KernelOptions, type Kernels, kernelModules, loadBinaries } from './module.ts'

/** A worker thread, as Node's and the browser's both can be seen. */
export interface WorkerHandle {
  /**
   * Sends a message to the worker.
   * @param message anything that can be cloned
   * @param transfer what of the message is handed over, not copied
   */
  post(message: unknown, transfer?: Transferable[]): void
  /**
   * Listens to what the worker sends.
   * @param listener called with each message
   */
  onMessage(listener: (message: unknown) => void): void
  /**
   * Called when the worker fails or ends, with what is known of it, and whether its script could not even be loaded.
   * @param listener `notLoaded`: the script itself could not be fetched
   */
  onEnd(listener: (why: string, notLoaded?: boolean) => void): void
  /** Ends it; where that takes time, a promise of its end. */
  terminate(): undefined | Promise<unknown>
  /**
   * Says whether the process is to wait for it (Node).
   * @param needed false: it may end although the worker is there
   */
  keepAlive?(needed: boolean): void
}

/**
 * Starts a worker that runs the given JavaScript.
 * @param source a whole script
 */
export type SpawnWorker = (source: string) => WorkerHandle

/** In a browser: a worker from a Blob. Undefined where there are no workers (Node's are in `kerf/runtime`). */
export const spawnBrowserWorker: SpawnWorker | undefined =
  typeof Worker === 'undefined'
    ? undefined
    : (source) => {
        const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
        try {
          return browserWorker(url)
        } finally {
          URL.revokeObjectURL(url)
        }
      }

/** Workers from a file, which is to hold `workerSource`. */
export const browserWorkers =
  (address: string | URL): SpawnWorker =>
  () =>
    browserWorker(address)

/** @throws KerfError `workers-blocked` where the engine refuses at once */
function browserWorker(address: string | URL): WorkerHandle {
  let worker: Worker
  try {
    worker = new Worker(address)
  } catch (error) {
    throw workersBlocked((error as Error).message)
  }
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
    // What could not be loaded says nothing of why.
    onEnd: (listener) =>
      worker.addEventListener('error', (event) => listener(event.message || 'it failed', !event.message)),
    terminate: () => {
      worker.terminate()
      return undefined
    },
  }
}

/**
 * What a worker runs: it waits for the control block's epoch to change, does its share of the program, waits again. It looks for
 * about a millisecond before it sleeps, since the next program mostly follows at once and waking takes 0.2 ms. A text, so that it can start from a Blob
 * however it was bundled; the build puts it into the file `kerf/worker`, too.
 *
 * A worker that is terminated runs on for a while (in Chromium for 2 s, since it never comes back to its event loop). Where another pool has the memory by
 * then it must do nothing of its programs: it looks whose they are, and ends.
 */
export const workerSource = `
const start = ({ modules: { first, others }, memory, thread, threads, pool }, reply, native = () => {}) => {
  const missing = () => { throw new Error('A kernel was called whose binary is not loaded.') }
  const env = { memory, abort() {}, native, ${allBinaries.map((name) => `${name}: missing`)} }
  for (const [name, module] of others) env[name] = new WebAssembly.Instance(module, { env }).exports.call
  const { run } = new WebAssembly.Instance(first, { env }).exports
  const control = new Int32Array(memory.buffer, 0, 16)
  let epoch = Atomics.load(control, ${control.epoch / 4})
  reply('ready')
  setTimeout(() => {
    for (;;) {
      for (let i = 0; i < 100000 && Atomics.load(control, ${control.epoch / 4}) === epoch; i++);
      Atomics.wait(control, ${control.epoch / 4}, epoch)
      epoch = Atomics.load(control, ${control.epoch / 4})
      if (Atomics.load(control, ${control.pool / 4}) !== pool) return
      run(Atomics.load(control, ${control.program / 4}), Atomics.load(control, ${control.steps / 4}), thread, threads)
    }
  })
}
if (typeof require === 'function') {
  const { parentPort } = require('node:worker_threads')
  parentPort.once('message', (message) => {
    const native = message.native && require(message.native.path).bind[message.native.instructions](new Uint8Array(message.memory.buffer))
    start(message, (answer) => parentPort.postMessage(answer), native)
  })
} else self.onmessage = ({ data }) => start(data, (answer) => self.postMessage(answer))
`

/** Waits for workers to start; a minute, and a second for each, are enough on any machine, however busy. @throws KerfError `worker-ended` */
export function whenStarted<T>(workers: number, started: Promise<T>, remedy?: string): Promise<T> {
  const seconds = 60 + workers
  return within(1000 * seconds, started, () => workerEnded(`it has not answered ${seconds} s after its start`, remedy))
}

/** Pools so far: each has a number of its own. */
let pools = 0

/** Threads that run programs together: the caller's and `threads - 1` workers. */
export class Pool {
  readonly threads: number
  /** Of its kernels, besides the first. */
  readonly binaries: readonly BinaryName[]
  readonly #kernels: Kernels
  readonly #control: Int32Array
  readonly #workers: WorkerHandle[] = []
  #ended: string | undefined

  private constructor(memory: WebAssembly.Memory, threads: number, options: KernelOptions) {
    this.threads = threads
    this.binaries = options.binaries ?? []
    this.#kernels = instantiate(memory, options)
    this.#control = new Int32Array(memory.buffer, 0, 16)
  }

  /**
   * @param memory shared when there is more than one thread; it may grow between programs
   * @param options `native` does steps that are written for machine code (`writeProgram`); `binaries` are those that programs need (`binariesOf`)
   * @throws KerfError `worker-ended` when a worker cannot be started, or does not answer, `workers-blocked` when the page lets none start; none is left running then
   */
  static async start(
    memory: WebAssembly.Memory,
    threads: number,
    spawn: SpawnWorker | undefined,
    { native, binaries = [] }: Pick<KernelOptions, 'native' | 'binaries'> = {},
  ): Promise<Pool> {
    await loadBinaries(binaries)
    const pool = new Pool(memory, spawn ? threads : 1, { native, binaries })
    pool.#control.fill(0)
    const number = ++pools
    Atomics.store(pool.#control, control.pool / 4, number)
    if (!maySleep()) pool.#control[control.spinOnly / 4] = 1
    if (!spawn) return pool
    // Also where `spawn` throws it rejects, when all others are known and can be ended.
    const start = async (thread: number): Promise<void> => {
      const worker = spawn(workerSource)
      pool.#workers.push(worker)
      const ready = new Promise<void>((resolve, reject) => {
        // The file `kerf/worker` serves sessions, too, and says of that that it has started.
        worker.onMessage((message) => {
          if (message === 'ready') resolve()
        })
        worker.onEnd((why, notLoaded) => {
          pool.#ended ??= why
          reject(notLoaded ? workersBlocked('their script cannot be loaded') : workerEnded(why))
        })
      })
      const library = native && { path: native.path, instructions: native.instructions }
      worker.post({ modules: kernelModules(memory, binaries), memory, thread, threads, pool: number, native: library })
      return ready
    }
    try {
      const starting = Array.from({ length: threads - 1 }, (_, i) => start(i + 1))
      await whenStarted(starting.length, Promise.all(starting))
    } catch (error) {
      await pool.dispose()
      throw error
    }
    return pool
  }

  /** Whether a worker has ended by itself: the pool is of no use any more. */
  get isBroken(): boolean {
    return this.#ended !== undefined
  }

  /**
   * Runs a program on all threads and returns when it is done.
   * @throws KerfError `worker-ended` when a worker is gone; the pool must then be replaced
   */
  run(address: number, steps: number): void {
    if (this.#ended !== undefined) throw workerEnded(this.#ended)
    if (this.threads > 1) {
      Atomics.store(this.#control, control.program / 4, address)
      Atomics.store(this.#control, control.steps / 4, steps)
      Atomics.add(this.#control, control.epoch / 4, 1)
      Atomics.notify(this.#control, control.epoch / 4)
    }
    const stuck = this.#kernels.run(address, steps, 0, this.threads)
    if (stuck > 0) {
      this.#ended = `it did not finish step ${stuck} of ${steps}`
      throw workerEnded(this.#ended)
    }
  }

  /** Ends the workers. Until the promise is kept one of them may still use the memory, but none does anything for another pool. */
  async dispose(): Promise<void> {
    this.#ended ??= 'it was released'
    if (this.threads > 1) {
      Atomics.store(this.#control, control.pool / 4, 0)
      Atomics.add(this.#control, control.epoch / 4, 1)
      Atomics.notify(this.#control, control.epoch / 4)
    }
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()))
  }
}

/** Whether this thread may wait without spinning: anywhere but on a browser's main thread. */
const maySleep = (): boolean => !('document' in globalThis)

export const workerEnded = (why: string, remedy = 'Run again: new threads are started then.'): KerfError =>
  new KerfError('worker-ended', `A worker thread ended while it was needed: ${why}. ${remedy}`, { why })

export const workersBlocked = (why: string): KerfError =>
  new KerfError(
    'workers-blocked',
    `workers cannot start here (${why}). Where the page has a Content-Security-Policy, allow worker-src blob:, or serve the file kerf/worker and give its address as the option workerUrl.`,
    { why },
  )
