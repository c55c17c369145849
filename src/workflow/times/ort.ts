import { KerfError } from '../../base/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { timeInTurns } from '../../runtime/index.ts'
import type { TimedRun, TimingRuntime } from './runtimes.ts'

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

/** How ONNX Runtime is timed. */
export interface OrtTimingOptions {
  /** The package, imported. In Node by default `onnxruntime-node`, where it is installed; elsewhere it must be given. */
  readonly module?: OrtInterface
  /** What it is called in tables. Default `ort-node`; `ort-web` for onnxruntime-web. */
  readonly name?: string
  /** Default 1. The package for the web has them in its `env.wasm.numThreads`, which is set, and is heard of only before its first network is opened. */
  readonly threads?: number
  /** Default `['wasm']` for `ort-web`, else `['cpu']`. */
  readonly executionProviders?: readonly string[]
  /** What the machine is called in tables. Default: what the browser calls itself, or nothing. */
  readonly machine?: string
  /** Milliseconds that have passed since some moment. Default `performance.now`. */
  readonly clock?: () => number
}

/**
 * ONNX Runtime, in this process or page.
 * @throws KerfError `not-installed` without the package; from its `time` `runtime-refused` for a network that it does not load
 */
export async function ortTiming(options: OrtTimingOptions = {}): Promise<TimingRuntime> {
  const { module, threads = 1, name = 'ort-node', clock } = options
  const isWeb = name === 'ort-web'
  const executionProviders = options.executionProviders ?? [isWeb ? 'wasm' : 'cpu']
  if (!module)
    throw new KerfError(
      'not-installed',
      isWeb
        ? 'onnxruntime-web was not given: npm install onnxruntime-web, and give what it exports as module.'
        : 'ONNX Runtime is not installed: npm install onnxruntime-node, or time on another runtime.',
    )
  const { versions, wasm } = module.env
  if (isWeb && wasm) wasm.numThreads = threads
  const version = versions[isWeb ? 'web' : 'node'] ?? versions.common ?? ''
  const machine = options.machine ?? globalThis.navigator?.userAgent ?? ''
  const open = ({ model }: TimedRun) =>
    module.InferenceSession.create(modelBytes(model), {
      executionProviders,
      ...{ intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 },
    }).catch((error: unknown) => {
      throw new KerfError(
        'runtime-refused',
        `${name} does not load a layer of the network: ${`${error}`.split('\n')[0]}`,
      )
    })
  const tensorsOf = ({ feeds }: TimedRun) =>
    Object.fromEntries(
      Object.entries(feeds).map(([key, t]) => [
        key,
        // Its constructor has an overload for each element type; here the type goes with the data.
        new module.Tensor(t.elementType as never, t.data as never, t.shape),
      ]),
    )
  return {
    on: { runtime: name, version, threads, machine },
    async time(runs, seconds, { signal } = {}) {
      const sessions: OrtSession[] = []
      try {
        for (const run of runs) sessions.push(await open(run))
        const steps = sessions.map((session, i) => {
          const feeds = tensorsOf(runs[i]!)
          return {
            async step() {
              // They are its own tensors, made above.
              await session.run(feeds as never)
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
