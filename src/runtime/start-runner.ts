import { KerfError } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { browserWorkers, spawnBrowserWorker } from './backends/wasm/pool.ts'
import { type WasmOptions, WasmRunner } from './backends/wasm/session.ts'
import type { SessionOptions } from './session.ts'

/**
 * A plan with its threads; with one, and a notice, where the page lets no workers start.
 * @returns the threads that there are, too
 */
export async function startRunner(
  model: Model,
  shapes: ReadonlyMap<string, readonly number[]>,
  {
    worker,
    spawn = worker === undefined ? spawnBrowserWorker : browserWorkers(worker),
    signal,
    progress,
  }: Pick<SessionOptions, 'worker' | 'spawn' | 'signal' | 'progress'>,
  threads: number,
  notice: (text: string) => void,
  options: Omit<WasmOptions, 'threads' | 'spawn'>,
): Promise<{ readonly runner: WasmRunner; readonly threads: number }> {
  const start = (count: number) =>
    WasmRunner.make(
      model,
      shapes,
      { ...options, threads: count, spawn: count > 1 ? spawn : undefined },
      { signal, progress },
    )
  try {
    return { runner: await start(threads), threads }
  } catch (error) {
    if (!(error instanceof KerfError && error.code === 'workers-blocked')) throw error
    notice(`${threads} threads were asked for, one is used: ${error.message}`)
    return { runner: await start(1), threads: 1 }
  }
}
