import { KerfError } from '../../base/index.ts'
import { modelBytes } from '../../onnx/index.ts'
import { type Feeds, timeInTurns } from '../../runtime/index.ts'
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

/** ONNX Runtime, set as it was asked for. */
export interface OrtRuntime {
  /** What it is called in tables. */
  readonly name: string
  /** Of the package. */
  readonly version: string
  /**
   * Opens a network.
   * @param bytes of its file, with the weights in it
   * @param what the network is called where that fails; `the network` by default
   * @throws KerfError `runtime-refused` for one that it does not load
   */
  open(bytes: Uint8Array, what?: string): Promise<OrtSession>
  /**
   * Its own tensors, for sessions.
   * @param feeds by the names of inputs
   */
  tensors(feeds: Feeds): never
}

/**
 * ONNX Runtime, in this process or page.
 * @param options `module` must be given
 * @throws KerfError `not-installed` without the package
 */
export function ortRuntime({ module, name = 'ort-node', threads = 1, executionProviders }: OrtRunOptions): OrtRuntime {
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
  return {
    name,
    version: versions[isWeb ? 'web' : 'node'] ?? versions.common ?? '',
    open: (bytes, what = 'the network') =>
      module.InferenceSession.create(bytes, {
        executionProviders: executionProviders ?? [isWeb ? 'wasm' : 'cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
      }).catch((error: unknown) => {
        throw new KerfError('runtime-refused', `${name} does not load ${what}: ${`${error}`.split('\n')[0]}`)
      }),
    tensors(feeds) {
      const made = Object.entries(feeds).map(([key, t]) => [
        key,
        // Its constructor has an overload for each element type; here the type goes with the data.
        new module.Tensor(t.elementType as never, t.data as never, t.shape),
      ])
      // Tensors of one package are not those of the other, for TypeScript.
      return Object.fromEntries(made) as never
    },
  }
}

/**
 * ONNX Runtime, in this process or page.
 * @throws KerfError `not-installed` without the package; from its `time` `runtime-refused` for a network that it does not load
 */
export async function ortTiming(options: OrtTimingOptions = {}): Promise<TimingRuntime> {
  const { threads = 1, machine = globalThis.navigator?.userAgent ?? '', clock } = options
  const { name, version, open, tensors } = ortRuntime(options)
  return {
    on: { runtime: name, version, threads, machine },
    async time(runs, seconds, { signal } = {}) {
      const sessions: OrtSession[] = []
      try {
        for (const { model } of runs) sessions.push(await open(modelBytes(model), 'a layer of the network'))
        const steps = sessions.map((session, i) => {
          const feeds = tensors(runs[i]!.feeds)
          return {
            async step() {
              await session.run(feeds)
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
