import { atOnce, checkAborted, inTurns, KerfError, memoryLimit, type Task, turns } from '../../base/index.ts'
import { graphInputs, type Model, type ValueInfo } from '../../graph/index.ts'
import { type WorkerHandle, whenStarted, workerEnded, workersBlocked } from '../backends/wasm/engine/pool.ts'
import { warn } from '../choose-backend.ts'
import type { Feed } from '../feed.ts'
import { checkFeeds, checkOutputs, type Feeds, handOver } from '../feeds.ts'
import { planning } from '../pace.ts'
import type { RunProfile } from '../profile.ts'
import { checkSameNetwork, disposed, type RunOptions, type Session, type SessionOptions } from '../session.ts'
import { copyOf, type HostTensor } from '../tensor.ts'
import { handModel } from './hand-model.ts'
import {
  type Answer,
  buffersOf,
  buffersOfModel,
  type Question,
  type Reply,
  type Request,
  receiveError,
  type SessionState,
} from './messages.ts'

/**
 * Starts what a session runs in: a worker with the script of this address, or with the package's own.
 * @throws KerfError `workers-blocked`
 */
export type StartSessionWorker = (script: string | URL | undefined) => WorkerHandle

/** A session in a worker that this starts. Weights are handed over once. */
export async function createWorkerSession(
  model: Model,
  options: SessionOptions,
  start: StartSessionWorker,
): Promise<Session> {
  const { backend, threads, winograd, sparse, inputShapes, maxMemory, onNotice = warn, signal, progress } = options
  if (typeof backend === 'object' || options.operators || options.spawn)
    throw new KerfError(
      'bad-options',
      'A backend, operators or spawn of your own are code, which a worker cannot be given. Leave it out, or leave out the option worker.',
    )
  checkAborted(signal, planning)
  const handed = await inTurns(handModel(model), 'handing over the weights', {
    turn: turns(signal, planning),
    progress,
  })
  const session = new WorkerSession(model, start(options.workerUrl), inputShapes, onNotice)
  const native = options.native ? options.native.path : undefined
  const plain = { backend, native, threads, winograd, sparse, inputShapes, maxMemory, memoryLimit: memoryLimit() }
  await session.open({ kind: 'create', model: handed, options: plain }, { signal, progress })
  return session
}

/** A question that waits for its answer. */
interface Waiting {
  readonly task: Task
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

class WorkerSession implements Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  #inputs: readonly ValueInfo[]
  readonly #shapes: SessionOptions['inputShapes']
  readonly #worker: WorkerHandle
  readonly #started: Promise<void>
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0
  #state: SessionState = { backend: '', instructions: undefined, threads: 0, memory: undefined }
  #ended: KerfError | undefined
  #disposed: Promise<void> | undefined

  constructor(
    model: Model,
    worker: WorkerHandle,
    shapes: SessionOptions['inputShapes'],
    onNotice: (text: string) => void,
  ) {
    this.#inputs = graphInputs(model.graph)
    this.#shapes = shapes
    this.#worker = worker
    this.inputNames = this.#inputs.map((i) => i.name)
    this.outputNames = model.graph.outputs.map((o) => o.name)
    let started = () => {}
    this.#started = new Promise((resolve) => {
      started = resolve
    })
    worker.onMessage((message) => {
      // The script of the session's worker sends nothing else.
      const reply = message as Reply
      if (reply.kind === 'started') started()
      else if (reply.kind === 'notice') onNotice(reply.text)
      else this.#receive(reply)
    })
    worker.onEnd((why, notLoaded) =>
      this.#end(
        notLoaded
          ? workersBlocked('the script of the session cannot be loaded')
          : workerEnded(why, 'Make a new session.'),
      ),
    )
  }

  get backend() {
    return this.#state.backend
  }

  get instructions() {
    return this.#state.instructions
  }

  get threads() {
    return this.#state.threads
  }

  get memory() {
    return this.#state.memory
  }

  /** Asks the worker to make the session; where it cannot, nothing is left running. */
  async open(question: Extract<Question, { kind: 'create' }>, task: Task): Promise<void> {
    try {
      const answered = this.#ask(question, task, buffersOfModel(question.model))
      // Where it is late, nobody waits for it any more.
      answered.catch(() => {})
      await whenStarted(1, Promise.race([answered, this.#started]), 'Make a new session.')
      await answered
    } catch (error) {
      await this.#worker.terminate()
      throw error
    }
  }

  async run(
    feeds: Readonly<Record<string, Feed>>,
    { into = {}, signal, progress }: RunOptions = {},
  ): Promise<Record<string, HostTensor>> {
    checkOutputs(this.outputNames, into)
    const { tensors, buffers } = this.#copied(feeds)
    // A run is answered with the outputs.
    const made = (await this.#ask({ kind: 'run', feeds: tensors }, { signal, progress }, buffers)) as Feeds
    const wanted = Object.entries(made).filter(([name]) => Object.hasOwn(into, name))
    return { ...made, ...handOver(new Map(wanted), into) }
  }

  async profile(feeds: Readonly<Record<string, Feed>>, seconds = 1, task: Task = {}): Promise<RunProfile> {
    const { tensors, buffers } = this.#copied(feeds)
    return (await this.#ask({ kind: 'profile', feeds: tensors, seconds }, task, buffers)) as RunProfile
  }

  setWeights(model: Model): void {
    if (this.#ended) throw this.#ended
    checkSameNetwork(this, model)
    this.#inputs = graphInputs(model.graph)
    const handed = atOnce(handModel(model))
    this.#worker.post({ kind: 'weights', model: handed } satisfies Request, buffersOfModel(handed))
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#release()
    return this.#disposed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  async #release(): Promise<void> {
    const answered = this.#ended ? undefined : this.#ask({ kind: 'dispose' }, {}, [])
    this.#ended ??= disposed()
    // A worker that ends before it answers has let go of everything, too.
    await answered?.catch((error: KerfError) => {
      if (error.code !== 'worker-ended') throw error
    })
    await this.#worker.terminate()
  }

  /** Copies, which are handed over: the caller keeps his arrays. */
  #copied(feeds: Readonly<Record<string, Feed>>): { tensors: Feeds; buffers: ArrayBuffer[] } {
    if (this.#ended) throw this.#ended
    const checked = [...checkFeeds(this.#inputs, feeds, this.#shapes)]
    const tensors = Object.fromEntries(checked.map(([name, tensor]) => [name, copyOf(tensor)]))
    return { tensors, buffers: buffersOf(tensors) }
  }

  #ask(question: Question, task: Task, transfer: Transferable[]): Promise<Answer> {
    if (this.#ended) throw this.#ended
    const id = this.#asked++
    const { signal, progress } = task
    const stop = () => this.#worker.post({ kind: 'abort', id } satisfies Request)
    const answered = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { task, resolve, reject })
      this.#worker.keepAlive?.(true)
      signal?.addEventListener('abort', stop)
      const asked = {
        signal: signal !== undefined,
        progress: progress !== undefined,
        aborted: signal?.aborted === true,
      }
      this.#worker.post({ kind: 'ask', id, question, task: asked } satisfies Request, transfer)
    })
    return answered.finally(() => signal?.removeEventListener('abort', stop))
  }

  #receive(reply: Exclude<Reply, { kind: 'notice' | 'started' }>): void {
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) return
    if (reply.kind === 'progress') {
      waiting.task.progress?.(reply.progress)
      return
    }
    this.#settle(reply.id)
    this.#state = reply.state ?? this.#state
    if (reply.kind === 'done') waiting.resolve(reply.value)
    else waiting.reject(receiveError(reply.error, waiting.task))
  }

  #settle(id: number): void {
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#worker.keepAlive?.(false)
  }

  #end(why: KerfError): void {
    this.#ended ??= why
    for (const [id, { reject }] of this.#waiting) {
      this.#settle(id)
      reject(why)
    }
  }
}
