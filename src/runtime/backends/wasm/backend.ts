import { KerfError } from '../../../base/index.ts'
import type { Plan } from '../../../plan/index.ts'
import type { Backend, CompileOptions } from '../../backend.ts'
import type { NativeKernels } from './engine/native.ts'
import type { SpawnWorker } from './engine/pool.ts'
import { common, direct } from './lowerings/common.ts'
import { abilitiesOf } from './lowerings/index.ts'
import { WasmProgram } from './program.ts'
import type { SparseChoice } from './steps/convolution/sparse-choice.ts'

export interface WasmOptions {
  readonly threads: number
  /** How to start workers; undefined where there are none. */
  readonly spawn: SpawnWorker | undefined
  /** Undefined where WebAssembly does everything. */
  readonly native?: NativeKernels
  /** Default true: see `SessionOptions`. */
  readonly winograd?: boolean
  /** Default 'measured': see `SessionOptions`. */
  readonly sparse?: SparseChoice
  /** Is told where the page lets no workers start: one thread is used then. */
  readonly onNotice: (text: string) => void
}

/** `(v128.const …)` in a function: valid where there is SIMD. */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
])

export const hasSimd = (): boolean => typeof WebAssembly !== 'undefined' && WebAssembly.validate(simdProbe)

/** Kernels of WebAssembly, on threads. */
export function wasmBackend({
  threads: asked,
  spawn,
  native,
  winograd = true,
  sparse = 'measured',
  onNotice,
}: WasmOptions): Backend {
  const own = winograd ? common : direct
  let threads = asked
  const backend: Backend = {
    name: 'wasm',
    instructions: native?.instructions,
    get threads() {
      return threads
    },
    ...abilitiesOf(own),
    async compile(plan: Plan, { beside, ...work }: CompileOptions = {}) {
      const other = beside instanceof WasmProgram ? beside : undefined
      const make = () =>
        WasmProgram.make(plan, { threads, spawn, native, lowerings: own, sparse, backend }, work, other)
      try {
        return await make()
      } catch (error) {
        if (threads === 1 || !(error instanceof KerfError && error.code === 'workers-blocked')) throw error
        onNotice(`${threads} threads were asked for, one is used: ${error.message}`)
        threads = 1
        return make()
      }
    },
  }
  return backend
}
