import { type Bounded, boundedBy, checkAborted, isConcrete, KerfError, type Task, turns } from '../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../graph/index.ts'
import { type Plan, planFor, withWeights } from '../plan/index.ts'
import type { Backend, Program, ProgramMemory } from './backend.ts'
import { type BackendOptions, chooseBackend, warn } from './choose-backend.ts'
import type { Feed } from './feed.ts'
import { checkFeeds, checkOutputs, type Feeds, handOver } from './feeds.ts'
import { paceOf, planning } from './pace.ts'
import { profileProgram, type RunProfile } from './profile.ts'
import { copyOf, fromProgram, type HostTensor, toDense } from './tensor.ts'

/** `signal` and `progress` are those of making the session; its runs have their own. `maxMemory` is that of its runs, too. */
export interface SessionOptions extends BackendOptions, Task, Bounded {
  /** Shapes of inputs to plan for at once; otherwise the first run makes the plan. Dimensions that the file leaves open: batch 1. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>
  /**
   * Whether the session runs in a worker of its own, so that a page, or a server, stays responsive while it is made and while it runs. Weights are handed over
   * once, feeds and results are copied; the results are the same bits. Its threads are workers of that worker. Default false: on the thread of the caller.
   */
  readonly worker?: boolean
  /**
   * Address of the file `kerf/worker`, which the session's worker and threads run. Threads start from a Blob without it, which some
   * Content-Security-Policies forbid; the worker from that file beside Kerf's own, which is not there in programs that are bundled into one file. In Node:
   * of `session-worker.node.js`, for the same reason.
   */
  readonly workerUrl?: string | URL
}

/** Of one run. An abort is seen between the parts of the network, or behind the run where that takes less than 0.1 s. */
export interface RunOptions extends Task {
  /**
   * Tensors that outputs of these names are written into, for callers that run often: then a run makes no new arrays (of nodes that the slow reference
   * does it still does). They must not be the feeds. Default: every output is a new tensor.
   */
  readonly into?: Feeds
}

/**
 * A network that is ready to run. It keeps the plans of the last eight sizes of its inputs; packed weights, memory and threads are common to them.
 */
export interface Session extends AsyncDisposable, Disposable {
  /** The backend's name. */
  readonly backend: string
  /** Of the kernels in machine code that it has beside those of WebAssembly: AVX-512, AVX2 or NEON; undefined where it has none. */
  readonly instructions: string | undefined
  /** On how many its networks run. */
  readonly threads: number
  /** What has to be fed, in the model's order. */
  readonly inputNames: readonly string[]
  /** What a run gives, in the model's order. */
  readonly outputNames: readonly string[]
  /** The plan's memory in bytes. Undefined before the first plan, and for the reference. */
  readonly memory: ProgramMemory | undefined
  /**
   * Runs that are asked for at the same time are made one after the other.
   * @param feeds as they are when it is called: per input a tensor; or its elements alone, as a typed array or lists of numbers, where the model tells the shape
   * @returns every output; for a name in `into` that tensor
   * @throws KerfError `unknown-input`, `missing-input`, `unknown-output`, `wrong-shape`, `wrong-element-type`, `worker-ended`, `out-of-memory`, `wasm-blocked` (a
   *   page that forbids WebAssembly), `disposed`; `aborted`, after which the session can be run again
   */
  run(feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<Record<string, HostTensor>>
  /**
   * How long every part of a run takes.
   * @param seconds how long to measure, default 1; at least three runs are made
   * @param feeds as of `run`
   * @throws KerfError `bad-options` where the backend cannot tell parts apart, as the reference, and as `run`
   */
  profile(feeds: Readonly<Record<string, Feed>>, seconds?: number, task?: Task): Promise<RunProfile>
  /**
   * From the next run on it has the weights of this model, which is the same network otherwise: a step of training lies between the two. Plans, memory and
   * threads stay, and what has not changed is not packed again.
   * @throws KerfError `wrong-model` where inputs or outputs are others
   */
  setWeights(model: Model): void
  /**
   * Ends its threads and lets go of its memory, behind the runs that were asked for; it cannot be run any more. `await using` and `using` do it, too.
   * @returns kept when that is done
   */
  dispose(): Promise<void>
}

/** A session on the thread of the caller. @throws as `createSession` */
export async function createSessionHere(model: Model, options: SessionOptions = {}): Promise<Session> {
  const session = new PlannedSession(model, chooseBackend(options), options)
  checkAborted(options.signal, planning)
  const fixed =
    options.inputShapes !== undefined ||
    graphInputs(model.graph).every((i) => i.type?.kind === 'tensor' && isConcrete(i.type.shape))
  if (fixed) await session.prepare(bindInputs(model.graph, options.inputShapes).inputShapes as InputShapes, options)
  return session
}

type InputShapes = ReadonlyMap<string, readonly number[]>

export const disposed = (): KerfError =>
  new KerfError('disposed', 'The session has been disposed of. Make a new one with createSession.')

/** @throws KerfError `wrong-model` where the model's inputs or outputs are not those of the session */
export function checkSameNetwork({ inputNames, outputNames }: Session, { graph }: Model): void {
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).join()
  if (names(graphInputs(graph)) !== inputNames.join() || names(graph.outputs) !== outputNames.join())
    throw new KerfError(
      'wrong-model',
      'The model has other inputs or outputs than the one of the session: it is not the same network.',
    )
}

/** Plans that a session keeps at most: those of the sizes that were run last. */
const mostPlans = 8

/** A program, and the model whose weights it has. */
interface Planned {
  readonly program: Program
  readonly model: Model
}

class PlannedSession implements Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  #model: Model
  readonly #backend: Backend
  readonly #options: SessionOptions
  /** By the shapes of the inputs, the last to be run at the end. */
  readonly #plans = new Map<string, Planned>()
  #disposed: Promise<void> | undefined
  /** Copies of what the run before was given: arrays for the next one's. */
  #spare: ReadonlyMap<string, HostTensor> = new Map()
  /** The runs of a session share its memory: each waits for the one before. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(model: Model, backend: Backend, options: SessionOptions) {
    this.#model = model
    this.#backend = backend
    this.#options = options
    this.inputNames = graphInputs(model.graph).map((i) => i.name)
    this.outputNames = model.graph.outputs.map((o) => o.name)
  }

  get backend() {
    return this.#backend.name
  }

  get instructions() {
    return this.#backend.instructions
  }

  get threads() {
    return this.#backend.threads
  }

  get memory() {
    return this.#last?.program.memory
  }

  get #last(): Planned | undefined {
    return [...this.#plans.values()].at(-1)
  }

  /** @param model whose weights the program is to have */
  async prepare(shapes: InputShapes, work: Task, model = this.#model): Promise<Program> {
    const key = JSON.stringify([...shapes])
    const known = this.#plans.get(key)
    const planned = known?.model === model ? known : await this.#compile(shapes, model, known, work)
    if (planned !== known && this.#plans.has(key)) await this.#drop(key)
    this.#plans.delete(key)
    this.#plans.set(key, planned)
    const [oldest] = this.#plans.keys()
    if (this.#plans.size > mostPlans) await this.#drop(oldest!)
    return planned.program
  }

  /** @param known has other weights */
  async #compile(shapes: InputShapes, model: Model, known: Planned | undefined, work: Task): Promise<Planned> {
    await turns(work.signal, planning)()
    const plan =
      (known && withWeights(known.program.plan, model)) ??
      (await planFor(model, shapes, this.#backend, { operators: this.#options.operators }))
    const program = await this.#beside(plan, work)
    const { onNotice = warn } = this.#options
    const { onHost } = program
    if (!known && onHost.length > 0) onNotice(`no kernel does ${onHost.join(', ')}: the slow reference does.`)
    return { program, model }
  }

  /** A program beside the others; where memory does not suffice for that, in their place. */
  async #beside(plan: Plan, work: Task): Promise<Program> {
    try {
      return await this.#backend.compile(plan, { ...work, beside: this.#last?.program })
    } catch (error) {
      if (this.#plans.size === 0 || !(error instanceof KerfError && error.code === 'out-of-memory')) throw error
      for (const key of [...this.#plans.keys()]) await this.#drop(key)
      return this.#backend.compile(plan, work)
    }
  }

  async #drop(key: string): Promise<void> {
    const { program } = this.#plans.get(key)!
    this.#plans.delete(key)
    await program.dispose()
  }

  async run(
    feeds: Readonly<Record<string, Feed>>,
    { into = {}, signal, progress }: RunOptions = {},
  ): Promise<Record<string, HostTensor>> {
    checkOutputs(this.outputNames, into)
    const work = { signal, progress }
    return this.#inTurn(feeds, work, async (program, write) => {
      write()
      await program.run(work)
      const { declared } = program.plan.prepared
      const results = this.outputNames.map(
        (name) => [name, fromProgram(program.read(name), declared.get(name))] as const,
      )
      return handOver(new Map(results), into)
    })
  }

  async profile(feeds: Readonly<Record<string, Feed>>, seconds = 1, work: Task = {}): Promise<RunProfile> {
    return this.#inTurn(feeds, work, (program, write) => profileProgram(program, write, seconds, work))
  }

  setWeights(model: Model): void {
    checkSameNetwork(this, model)
    this.#model = model
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#turn.then(async () => {
      for (const key of [...this.#plans.keys()]) await this.#drop(key)
    })
    return this.#disposed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** @param perform is given the program for these feeds, and what writes them into it */
  #inTurn<T>(
    feeds: Readonly<Record<string, Feed>>,
    work: Task,
    perform: (program: Program, write: () => void) => Promise<T>,
  ): Promise<T> {
    if (this.#disposed) throw disposed()
    const model = this.#model
    const spare = this.#spare
    this.#spare = new Map()
    // As they are now: the caller may change or transfer them while he waits.
    const taken = new Map(
      [...checkFeeds(graphInputs(model.graph), feeds, this.#options.inputShapes)].map(([name, tensor]) => [
        name,
        copyOf(tensor, spare.get(name)),
      ]),
    )
    const turn = this.#turn.then(() =>
      boundedBy(this.#options, async () => {
        await paceOf(work)?.turn()
        const program = await this.prepare(new Map([...taken].map(([name, t]) => [name, t.shape])), work, model)
        return perform(program, () => {
          for (const [name, tensor] of taken) program.write(name, toDense(tensor))
        })
      }),
    )
    this.#turn = turn
      .catch(() => {})
      .then(() => {
        this.#spare = taken
      })
    return turn
  }
}
