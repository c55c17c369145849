import { step, writeProgram } from '../steps/step.ts'
import { control } from './kernels.generated.ts'
import { binariesOf } from './module.ts'
import type { NativeKernels } from './native.ts'
import { Pool, type SpawnWorker, spawnBrowserWorker } from './pool.ts'

/** So long the loop is tried at least: until the engine has compiled it well, tries are short and slow. */
const leastMs = 200

/** What `limitF32` does in one turn: 12 vectors of 4. */
const macsPerTurn = 48

/** How `measureLimit` runs. */
export interface LimitOptions {
  /** How to start a worker; the entry for Node sets it. */
  readonly spawn?: SpawnWorker
  /** Kernels in machine code, which the entry for Node sets. `false`: WebAssembly alone. */
  readonly native?: NativeKernels | false
}

/**
 * Multiply–accumulates of float32 per second that this machine does at most: a loop that lives in registers; the fastest of several tries. In machine code where
 * the entry for Node has such kernels, with vectors as wide as the processor's; otherwise in this engine's WebAssembly, with vectors of four. Takes about a
 * quarter of a second.
 * @param threads default 1
 * @param options `native: false` for WebAssembly's limit in Node, too
 */
export async function measureLimit(threads = 1, options: LimitOptions = {}): Promise<number> {
  const { spawn = spawnBrowserWorker } = options
  const native = options.native || undefined
  const shared = threads > 1
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared })
  const pool = await Pool.start(memory, threads, shared ? spawn : undefined, {
    native,
    binaries: binariesOf(['limitF32'], native),
  })
  try {
    const [program, y] = [control.firstFree, control.firstFree + 64]
    const timeMs = (turns: number) => {
      writeProgram(memory, program, [step('limitF32', { y, turns })], 1, native)
      const start = performance.now()
      pool.run(program, 1)
      return performance.now() - start
    }
    // Also warms up: engines compile a function anew once it has proved to be hot.
    const turns = Math.ceil((1_000_000 * 10 * pool.threads) / Math.max(1, timeMs(1_000_000)))
    let best = Number.POSITIVE_INFINITY
    const end = performance.now() + leastMs
    for (let i = 0; i < 12 || performance.now() < end; i++) best = Math.min(best, timeMs(turns))
    return (1000 * macsPerTurn * turns) / best
  } finally {
    await pool.dispose()
  }
}
