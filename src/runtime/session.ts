import { checkAborted, isConcrete, KerfError, type Task, turns } from '../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../graph/index.ts'
import { makePlan } from '../plan/index.ts'
import type { Backend, Program, ProgramMemory } from './backend.ts'
import { type BackendOptions, chooseBackend, warn } from './choose-backend.ts'
import type { Feed } from './feed.ts'
import { checkFeeds, checkOutputs, type Feeds, handOver } from './feeds.ts'
import { paceOf, planning } from './pace.ts'
import { profileProgram, type RunProfile } from './profile.ts'
import { fromProgram, type HostTensor, toDense } from './tensor.ts'

/** `signal` and `progress` are those of making the session; its runs have their own. */
export interface SessionOptions extends BackendOptions, Task {
  /** Shapes of inputs to plan for at once; otherwise the first run makes the plan. Dimensions that the file leaves open: batch 1. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>
}

/** Of one run. An abort is seen between the parts of the network, or behind the run where that takes less than 0.1 s. */
export interface RunOptions extends Task {
  /**
   * Tensors that outputs of these names are written into, for callers that run often: then a run makes no new arrays (of nodes that the slow reference
   * does it still does). They must not be the feeds. Default: every output is a new tensor.
   */
  readonly into?: Feeds
}

/** A network that is ready to run. */
export interface Session {
  /** The backend's name. */
  readonly backend: string
  readonly threads: number
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /** The plan's memory in bytes. Undefined before the first plan, and for the reference. */
  readonly memory: ProgramMemory | undefined
  /**
   * Runs that are asked for at the same time are made one after the other.
   * @param feeds per input a tensor; or its elements alone, as a typed array or lists of numbers, where the model tells the shape
   * @returns every output; for a name in `into` that tensor
   * @throws KerfError `unknown-input`, `missing-input`, `unknown-output`, `wrong-shape`, `wrong-element-type`, `worker-ended`, `out-of-memory`, `wasm-blocked` (a
   *   page that forbids WebAssembly), `disposed`; `aborted`, after which the session can be run again
   */
  run(feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<Record<string, HostTensor>>
  /**
   * How long every part of a run takes.
   * @param seconds how long to measure, default 1; at least three runs are made
   * @throws KerfError `bad-options` where the backend cannot tell parts apart, as the reference, and as `run`
   */
  profile(feeds: Readonly<Record<string, Feed>>, seconds?: number, task?: Task): Promise<RunProfile>
  /** Ends its threads and lets go of its memory. It cannot be run any more. */
  dispose(): void
}

/**
 * Makes a network ready to run.
 *
 *     const session = await createSession(model, { threads: 2 })
 *     const { logits } = await session.run({ input: hostTensor('float32', [1, 3, 224, 224], pixels) })
 *
 * @throws UnsupportedError when an operator is not known; KerfError when a shape is missing or the memory does not suffice, and `aborted`
 */
export async function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  const session = new PlannedSession(model, chooseBackend(options), options)
  checkAborted(options.signal, planning)
  const fixed =
    options.inputShapes !== undefined ||
    graphInputs(model.graph).every((i) => i.type?.kind === 'tensor' && isConcrete(i.type.shape))
  if (fixed) await session.prepare(bindInputs(model.graph, options.inputShapes).inputShapes as InputShapes, options)
  return session
}

type InputShapes = ReadonlyMap<string, readonly number[]>

const disposed = (): KerfError =>
  new KerfError('disposed', 'The session has been disposed of. Make a new one with createSession.')

class PlannedSession implements Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly #model: Model
  readonly #backend: Backend
  readonly #options: SessionOptions
  #program: Program | undefined
  #planned = ''
  #disposed = false
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

  get threads() {
    return this.#backend.threads
  }

  get memory() {
    return this.#program?.memory
  }

  async prepare(shapes: InputShapes, work: Task): Promise<Program> {
    const key = JSON.stringify([...shapes])
    if (this.#program && key === this.#planned) return this.#program
    await this.#program?.dispose()
    this.#program = undefined
    await turns(work.signal, planning)()
    const program = await this.#backend.compile(makePlan(this.#model, shapes, this.#backend), work)
    if (this.#disposed) {
      await program.dispose()
      throw disposed()
    }
    this.#program = program
    this.#planned = key
    const { onNotice = warn } = this.#options
    if (program.onHost.length > 0) onNotice(`no kernel does ${program.onHost.join(', ')}: the slow reference does.`)
    return program
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

  profile(feeds: Readonly<Record<string, Feed>>, seconds = 1, work: Task = {}): Promise<RunProfile> {
    return this.#inTurn(feeds, work, (program, write) => profileProgram(program, write, seconds, work))
  }

  dispose(): void {
    this.#disposed = true
    this.#program?.dispose()
    this.#program = undefined
    this.#planned = ''
  }

  /** @param perform is given the program for these feeds, and what writes them into it */
  #inTurn<T>(
    feeds: Readonly<Record<string, Feed>>,
    work: Task,
    perform: (program: Program, write: () => void) => Promise<T>,
  ): Promise<T> {
    const checked = checkFeeds(graphInputs(this.#model.graph), feeds, this.#options.inputShapes)
    const turn = this.#turn.then(async () => {
      if (this.#disposed) throw disposed()
      await paceOf(work)?.turn()
      const program = await this.prepare(new Map([...checked].map(([name, t]) => [name, t.shape])), work)
      return perform(program, () => {
        for (const [name, tensor] of checked) program.write(name, toDense(tensor))
      })
    })
    this.#turn = turn.catch(() => {})
    return turn
  }
}
