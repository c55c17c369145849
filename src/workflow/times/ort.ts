import { KerfError } from '../../base/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { type Feeds, type HostTensor, timeInTurns } from '../../runtime/index.ts'
import type { TimingRuntime } from './runtimes.ts'

/** What is used of ONNX Runtime's JavaScript interface: the packages onnxruntime-node and onnxruntime-web have it. */
export interface OrtInterface {
  /** Opens networks. */
  readonly InferenceSession: OrtSessions
  /**
   * Makes a tensor.
   * @param type of its elements
   * @param elements as a typed array
   * @param dims its shape
   */
  readonly Tensor: new (
    type: never,
    elements: never,
    dims: readonly number[],
  ) => unknown
  /** Its versions, and the settings of the one for the web. */
  readonly env: {
    /** By package. */
    readonly versions: Readonly<Record<string, string | undefined>>
    /** Of the package for the web. */
    readonly wasm?: {
      /** Is set before the first network is opened. */
      numThreads?: number
    }
  }
}

/** `InferenceSession` of ONNX Runtime, as far as it is used. */
export interface OrtSessions {
  /**
   * Opens a network.
   * @param bytes of its file
   * @param options of the session
   */
  create(bytes: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OrtSession>
}

/** A network that ONNX Runtime has opened, as far as it is used. */
export interface OrtSession {
  /**
   * Runs it.
   * @param feeds tensors by the names of its inputs
   */
  run(feeds: never): Promise<unknown>
  /** Lets go of it. */
  release(): Promise<void>
}

/** How ONNX Runtime runs networks. */
export interface OrtRunOptions {
  /** The package, imported. In Node by default `onnxruntime-node`, where it is installed; elsewhere it must be given. */
  readonly module?: OrtInterface
  /** What it is called in tables. Default `ort-node`; `ort-web` for onnxruntime-web. */
  readonly name?: string
  /** Default 1. The package for the web has them in its `env.wasm.numThreads`, which is set, and is heard of only before its first network is opened. */
  readonly threads?: number
  /** Default `['wasm']` for `ort-web`, else `['cpu']`. */
  readonly executionProviders?: readonly string[]
}

/** How ONNX Runtime is timed. */
export interface OrtTimingOptions extends OrtRunOptions {
  /** What the machine is called in tables. Default: what the browser calls itself, or nothing. */
  readonly machine?: string
  /** Milliseconds that have passed since some moment. Default `performance.now`. */
  readonly clock?: () => number
}

/** A network in ONNX Runtime. */
export interface OrtNetwork {
  /** Of the package. */
  readonly version: string
  /**
   * Runs it.
   * @param feeds by the names of its inputs
   * @returns its outputs by name, those of texts left out
   * @throws KerfError `runtime-refused`
   */
  run(feeds: Feeds): Promise<Record<string, HostTensor>>
  /** Lets go of it. */
  release(): Promise<void>
}

/**
 * Opens a network in ONNX Runtime, in this process or page.
 * @param bytes of its file, with the weights in it
 * @param options `module` must be given
 * @throws KerfError `not-installed` without the package, `runtime-refused` for a network that it does not load
 */
export async function openOrt(bytes: Uint8Array, options: OrtRunOptions): Promise<OrtNetwork> {
  const { module, name, version, open } = placeOf(options)
  const session = await open(bytes, 'the network')
  return {
    version,
    async run(feeds) {
      const made = await session.run(tensorsOf(module, feeds) as never).catch((error: unknown) => {
        throw refusal(`${name} does not run the network`, error)
      })
      return Object.fromEntries(
        Object.entries(made as Readonly<Record<string, OrtTensor>>)
          .filter(([, { type }]) => type !== 'string')
          // ONNX Runtime names element types as we do, and holds them in the same arrays.
          .map(([key, { type, dims, data }]) => [key, { elementType: type, shape: dims, data } as HostTensor]),
      )
    },
    release: () => session.release(),
  }
}

/** What a tensor of ONNX Runtime says of itself. */
interface OrtTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
}

/**
 * ONNX Runtime, in this process or page.
 * @throws KerfError `not-installed` without the package; from its `time` `runtime-refused` for a network that it does not load
 */
export async function ortTiming(options: OrtTimingOptions = {}): Promise<TimingRuntime> {
  const { threads = 1, clock, machine = globalThis.navigator?.userAgent ?? '' } = options
  const { module, name, version, open } = placeOf(options)
  return {
    on: { runtime: name, version, threads, machine },
    async time(runs, seconds, { signal } = {}) {
      const sessions: OrtSession[] = []
      try {
        for (const { model } of runs) sessions.push(await open(modelBytes(model), 'a layer of the network'))
        const steps = sessions.map((session, i) => {
          const tensors = tensorsOf(module, runs[i]!.feeds)
          return {
            async step() {
              // They are its own tensors, made above.
              await session.run(tensors as never)
            },
          }
        })
        const timings = await timeInTurns(steps, seconds * runs.length, { signal, clock })
        return timings.map((t) => t.medianMs)
      } finally {
        for (const session of sessions) await session.release()
      }
    },
  }
}

/**
 * The package, set as it was asked for.
 * @throws KerfError `not-installed`
 */
function placeOf({ module, name = 'ort-node', threads = 1, executionProviders }: OrtRunOptions) {
  const isWeb = name === 'ort-web'
  if (!module)
    throw new KerfError(
      'not-installed',
      isWeb
        ? 'onnxruntime-web was not given: npm install onnxruntime-web, and give what it exports as module.'
        : 'ONNX Runtime is not installed: npm install onnxruntime-node, or time on another runtime.',
    )
  const { versions, wasm } = module.env
  if (isWeb && wasm) wasm.numThreads = threads
  const settings = {
    executionProviders: executionProviders ?? [isWeb ? 'wasm' : 'cpu'],
    ...{ intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 },
  }
  return {
    ...{ module, name },
    version: versions[isWeb ? 'web' : 'node'] ?? versions.common ?? '',
    open: (bytes: Uint8Array, what: string) =>
      module.InferenceSession.create(bytes, settings).catch((error: unknown) => {
        throw refusal(`${name} does not load ${what}`, error)
      }),
  }
}

/** Its own tensors. */
const tensorsOf = ({ Tensor }: OrtInterface, feeds: Feeds) =>
  Object.fromEntries(
    // The constructor has an overload for each element type; here the type goes with the data.
    Object.entries(feeds).map(([key, t]) => [key, new Tensor(t.elementType as never, t.data as never, t.shape)]),
  )

const refusal = (what: string, error: unknown): KerfError =>
  new KerfError('runtime-refused', `${what}: ${`${error}`.replace(/^Error: /, '').split('\n')[0]}`)
