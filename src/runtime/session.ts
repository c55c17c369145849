import { checkAborted, inTurns, isConcrete, KerfError, type Pace, type Task, turns } from '../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../graph/index.ts'
import { referenceRounds, referenceRun } from './backends/reference/run.ts'
import { directLowerings, lowerings } from './backends/wasm/lowerings/index.ts'
import { type SpawnWorker, spawnBrowserWorker } from './backends/wasm/pool.ts'
import { profileTasks, type RunProfile } from './backends/wasm/profile.ts'
import { planning, type WasmRunner } from './backends/wasm/session.ts'
import type { Feed } from './feed.ts'
import { checkFeeds, checkOutputs, type Feeds, handOver } from './feeds.ts'
import { startRunner } from './start-runner.ts'
import type { HostTensor } from './tensor.ts'

/** 'wasm': fast kernels, with threads. 'reference': the operators' scalar definitions, slow, the oracle. */
export type Backend = 'wasm' | 'reference'

/** `signal` and `progress` are those of making the session; its runs have their own. */
export interface SessionOptions extends Task {
  /** Default 'wasm'; where the engine has no WebAssembly SIMD, 'reference', with a notice. */
  readonly backend?: Backend
  /** Default 1, at most 256. More than 1 need SharedArrayBuffer (in a browser: COOP and COEP headers). */
  readonly threads?: number
  /** Shapes of inputs to plan for at once; otherwise the first run makes the plan. Dimensions that the file leaves open: batch 1. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>
  /**
   * Whether 3×3 convolutions of stride 1 take Winograd's products, where that is faster: 16 multiplications for 36. Default true. `false` keeps to the sum
   * as it is defined: slower, with 9/16 of the memory for those weights, and rounding errors (1e-6 of the largest value either way) of that sum.
   */
  readonly winograd?: boolean
  /** What did not go as asked: fewer threads, another backend, nodes that no kernel does. Default: console.warn. */
  readonly onNotice?: (text: string) => void
  /**
   * Address of the file that threads run, for pages whose Content-Security-Policy lets no workers start from `blob:`: that of `kerf/worker`, or of a
   * file with the text `workerSource`. In browsers only. Default: threads start from a Blob.
   */
  readonly worker?: string | URL
  /** How to start a worker; the entry for Node sets it. */
  readonly spawn?: SpawnWorker
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
  readonly backend: Backend
  readonly threads: number
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /**
   * The plan's memory in bytes: arena, what its tensors would take side by side, everything; and what the slow reference held besides in the last run.
   * Undefined before the first plan.
   */
  readonly memory:
    | { readonly arena: number; readonly sum: number; readonly total: number; readonly host: number }
    | undefined
  /**
   * Runs that are asked for at the same time are made one after the other.
   * @param feeds per input a tensor; or its elements alone, as a typed array or lists of numbers, where the model tells the shape
   * @returns every output; for a name in `into` that tensor
   * @throws KerfError `unknown-input`, `missing-input`, `unknown-output`, `wrong-shape`, `wrong-element-type`, `worker-ended`, `out-of-memory`, `wasm-blocked` (a
   *   page that forbids WebAssembly), `disposed`; `aborted`, after which the session can be run again
   */
  run(feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<Record<string, HostTensor>>
  /**
   * How long every part of a run takes. Only of 'wasm'.
   * @param seconds how long to measure, default 1; at least three runs are made
   * @throws KerfError `bad-options` for the reference, and as `run`
   */
  profile(feeds: Readonly<Record<string, Feed>>, seconds?: number, task?: Task): Promise<RunProfile>
  /** Ends its threads and lets go of its memory. It cannot be run any more. */
  dispose(): void
}

/** `(v128.const …)` in a function: valid where there is SIMD. */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
])

const hasSimd = (): boolean => typeof WebAssembly !== 'undefined' && WebAssembly.validate(simdProbe)

/**
 * Makes a network ready to run.
 *
 *     const session = await createSession(model, { threads: 2 })
 *     const { logits } = await session.run({ input: hostTensor('float32', [1, 3, 224, 224], pixels) })
 *
 * @throws UnsupportedError when an operator is not known; KerfError when a shape is missing or the memory does not suffice, and `aborted`
 */
export async function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  const notice = options.onNotice ?? ((text: string) => console.warn(`kerf: ${text}`))
  const backend = chooseBackend(options, notice)
  const threads = chooseThreads(options, notice)
  checkAborted(options.signal, planning)
  const session = new PlannedSession(model, backend, backend === 'reference' ? 1 : threads, options, notice)
  const fixed =
    options.inputShapes !== undefined ||
    graphInputs(model.graph).every((i) => i.type?.kind === 'tensor' && isConcrete(i.type.shape))
  if (fixed)
    await session.prepare(
      bindInputs(model.graph, options.inputShapes).inputShapes as ReadonlyMap<string, readonly number[]>,
      options,
    )
  return session
}

export function chooseBackend(
  { backend = 'wasm' }: Pick<SessionOptions, 'backend'>,
  notice: (text: string) => void,
): Backend {
  if (backend === 'reference' || hasSimd()) return backend
  notice('this engine has no WebAssembly SIMD: the slow reference is used.')
  return 'reference'
}

/** Each thread is a worker of its own: thousands take minutes to start, and then the process's memory. */
const mostThreads = 256

export function chooseThreads(
  { threads = 1, spawn = spawnBrowserWorker }: Pick<SessionOptions, 'threads' | 'spawn'>,
  notice: (text: string) => void,
): number {
  if (!Number.isInteger(threads) || threads < 1)
    throw new KerfError('bad-options', `threads must be a whole number of at least 1, received ${threads}.`)
  if (threads === 1) return 1
  if (spawn !== undefined && typeof SharedArrayBuffer !== 'undefined') {
    if (threads > mostThreads)
      notice(`${threads} threads were asked for, ${mostThreads} are used: a network takes no more.`)
    return Math.min(threads, mostThreads)
  }
  notice(
    `${threads} threads were asked for, one is used: ${spawn ? 'there is no SharedArrayBuffer (serve the page with COOP and COEP headers)' : 'there are no workers here'}.`,
  )
  return 1
}

/** What is stopped. */
const running = 'The run'

/** The pace of a run; undefined where nobody waits for a turn. */
export const paceOf = ({ signal, progress }: Task): Pace | undefined =>
  signal || progress ? { turn: turns(signal, running), progress } : undefined

export const runReference = async (
  model: Model,
  feeds: ReadonlyMap<string, HostTensor>,
  pace: Pace | undefined,
): Promise<Map<string, HostTensor>> =>
  pace ? inTurns(referenceRounds(model, feeds), 'running', pace) : referenceRun(model, feeds)

const disposed = (): KerfError =>
  new KerfError('disposed', 'The session has been disposed of. Make a new one with createSession.')

class PlannedSession implements Session {
  readonly backend: Backend
  threads: number
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly #model: Model
  readonly #options: SessionOptions
  readonly #notice: (text: string) => void
  #runner: WasmRunner | undefined
  #planned = ''
  #disposed = false
  /** The runs of a session share its memory: each waits for the one before. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    model: Model,
    backend: Backend,
    threads: number,
    options: SessionOptions,
    notice: (text: string) => void,
  ) {
    this.#model = model
    this.backend = backend
    this.threads = threads
    this.#options = options
    this.#notice = notice
    this.inputNames = graphInputs(model.graph).map((i) => i.name)
    this.outputNames = model.graph.outputs.map((o) => o.name)
  }

  get memory() {
    return this.#runner && { ...this.#runner.assembly.sizes, host: this.#runner.hostBytes }
  }

  async prepare(shapes: ReadonlyMap<string, readonly number[]>, task: Task): Promise<void> {
    if (this.backend === 'reference') return
    const key = JSON.stringify([...shapes])
    if (this.#runner && key === this.#planned) return
    this.#runner?.dispose()
    this.#runner = undefined
    const { runner, threads } = await startRunner(
      this.#model,
      shapes,
      { ...this.#options, ...task },
      this.threads,
      this.#notice,
      {
        lowerings: this.#options.winograd === false ? directLowerings : lowerings,
      },
    )
    if (this.#disposed) {
      runner.dispose()
      throw disposed()
    }
    this.#runner = runner
    this.threads = threads
    this.#planned = key
    const { onHost } = this.#runner.plan
    if (onHost.length > 0) this.#notice(`no kernel does ${onHost.join(', ')}: the slow reference does.`)
  }

  async run(
    feeds: Readonly<Record<string, Feed>>,
    { into = {}, signal, progress }: RunOptions = {},
  ): Promise<Record<string, HostTensor>> {
    checkOutputs(this.outputNames, into)
    const pace = paceOf({ signal, progress })
    return this.#inTurn(feeds, async (checked) => {
      await pace?.turn()
      if (this.backend === 'reference') return handOver(await runReference(this.#model, checked, pace), into)
      await this.prepare(new Map([...checked].map(([name, t]) => [name, t.shape])), { signal, progress })
      return handOver(await this.#runner!.run(checked, pace), into)
    })
  }

  async profile(feeds: Readonly<Record<string, Feed>>, seconds = 1, task: Task = {}): Promise<RunProfile> {
    if (this.backend === 'reference')
      throw new KerfError('bad-options', "Only the backend 'wasm' can be timed part by part.")
    return this.#inTurn(feeds, async (checked) => {
      await this.prepare(new Map([...checked].map(([name, t]) => [name, t.shape])), task)
      return profileTasks(this.#runner!, checked, seconds, task)
    })
  }

  dispose(): void {
    this.#disposed = true
    this.#runner?.dispose()
    this.#runner = undefined
    this.#planned = ''
  }

  #inTurn<T>(
    feeds: Readonly<Record<string, Feed>>,
    work: (checked: Map<string, HostTensor>) => Promise<T>,
  ): Promise<T> {
    const checked = checkFeeds(graphInputs(this.#model.graph), feeds, this.#options.inputShapes)
    const turn = this.#turn.then(() => {
      if (this.#disposed) throw disposed()
      return work(checked)
    })
    this.#turn = turn.catch(() => {})
    return turn
  }
}
