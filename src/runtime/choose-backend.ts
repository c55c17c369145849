import { KerfError, type Matrices, machineThreads, withoutControls } from '../base/index.ts'
import type { OperatorSet } from '../graph/index.ts'
import type { Backend } from './backend.ts'
import { reference } from './backends/reference/backend.ts'
import { hasSimd, wasmBackend } from './backends/wasm/backend.ts'
import type { NativeKernels } from './backends/wasm/engine/native.ts'
import { browserWorkers, type SpawnWorker, spawnBrowserWorker } from './backends/wasm/engine/pool.ts'
import { WasmMatrices } from './backends/wasm/matrices.ts'
import type { SparseChoice } from './backends/wasm/steps/convolution/sparse-choice.ts'

/** Kerf's own backends. */
export const backendNames = ['wasm', 'reference'] as const
/** A backend of Kerf's own. */
export type BackendName = (typeof backendNames)[number]

/** What computes, and how. */
export interface BackendOptions {
  /**
   * 'wasm' (default): fast kernels, with threads; where the engine has no WebAssembly SIMD, 'reference', with a notice. 'reference': the operators' scalar
   * definitions, slow, the oracle. Or a backend of your own, for which the other options here say nothing.
   */
  readonly backend?: BackendName | Backend
  /** Default 1, at most 256. More than 1 need SharedArrayBuffer (in a browser: COOP and COEP headers). */
  readonly threads?: number
  /**
   * Whether 3×3 convolutions of stride 1 take Winograd's products, where that is faster: 16 multiplications for 36. Default true. `false` keeps to the sum
   * as it is defined: slower, with 9/16 of the memory for those weights, and rounding errors (1e-6 of the largest value either way) of that sum.
   */
  readonly winograd?: boolean
  /**
   * When convolutions and linear layers leave out the products of weights that are 0. 'measured' (default): where that is faster by what the kernels take on this
   * machine, which is measured once in a process, in 10 ms, as soon as there is a network with zeros. 'always': wherever there is a kernel for it; 'never'. The
   * results are the same bits, but for 3×3 layers that otherwise take Winograd's products and for linear layers of one row: there the share of zeros
   * decides, never the clock. Infinities and NaN pass through zeros as they do elsewhere.
   */
  readonly sparse?: SparseChoice
  /** What is known of operators: Kerf's, and your own (`withOperators`). Those of your own the reference does. Default `runnableOperators`. */
  readonly operators?: OperatorSet
  /** What did not go as asked: fewer threads, another backend, nodes that no kernel does. Default: console.warn. */
  readonly onNotice?: (text: string) => void
  /**
   * Address of the file `kerf/worker`, which threads then run, for pages whose Content-Security-Policy lets no workers start from `blob:`. In browsers
   * only. Default: threads start from a Blob.
   */
  readonly workerUrl?: string | URL
  /** How to start a worker; the entry for Node sets it. */
  readonly spawn?: SpawnWorker
  /**
   * Kernels in machine code; the entry for Node sets them where there are such for the processor. They are faster, and round sums differently. `false`: WebAssembly
   * alone, as in browsers. The environment variable `KERF_NATIVE=0` does the same for a whole process.
   */
  readonly native?: NativeKernels | false
}

export const warn = (text: string): void => console.warn(`kerf: ${withoutControls(text, '\n')}`)

/** The backend that is asked for. @throws KerfError `bad-options` for an odd number of threads */
export function chooseBackend(options: BackendOptions): Backend {
  const { backend = 'wasm', winograd, sparse, onNotice = warn, workerUrl } = options
  const native = options.native || undefined
  if (typeof backend === 'object') return backend
  const { spawn = workerUrl === undefined ? spawnBrowserWorker : browserWorkers(workerUrl) } = options
  const threads = chooseThreads(options.threads, spawn, onNotice)
  if (backend === 'reference') return reference
  if (hasSimd()) return wasmBackend({ threads, spawn, native, winograd, sparse, onNotice })
  onNotice('this engine has no WebAssembly SIMD: the slow reference is used.')
  return reference
}

/** What calculates with matrices of float64 beside networks; undefined where the backend has no kernels. What is odd about threads the networks say. */
export function chooseMatrices({ backend = 'wasm', workerUrl, ...options }: BackendOptions): Matrices | undefined {
  if (backend !== 'wasm' || !hasSimd()) return undefined
  const { spawn = workerUrl === undefined ? spawnBrowserWorker : browserWorkers(workerUrl) } = options
  return new WasmMatrices(
    chooseThreads(options.threads, spawn, () => {}),
    spawn,
  )
}

/** Each thread is a worker of its own: thousands take minutes to start, and then the process's memory. */
const mostThreads = 256

/** So many threads for each that runs at a time are more than anybody means. */
const crowded = 4

function chooseThreads(threads = 1, spawn: SpawnWorker | undefined, notice: (text: string) => void): number {
  if (!Number.isInteger(threads) || threads < 1)
    throw new KerfError('bad-options', `threads must be a whole number of at least 1, received ${threads}.`)
  if (threads === 1) return 1
  if (spawn !== undefined && typeof SharedArrayBuffer !== 'undefined') {
    const atATime = machineThreads()
    if (threads > mostThreads)
      notice(`${threads} threads were asked for, ${mostThreads} are used: a network takes no more.`)
    else if (atATime !== undefined && threads > crowded * atATime)
      notice(
        `${threads} threads were asked for; this machine runs ${atATime} at a time, and no more of them are as fast.`,
      )
    return Math.min(threads, mostThreads)
  }
  notice(
    `${threads} threads were asked for, one is used: ${spawn ? 'there is no SharedArrayBuffer (serve the page with COOP and COEP headers)' : 'there are no workers here'}.`,
  )
  return 1
}
