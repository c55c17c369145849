import type { MatrixTurn, Turn } from '../base/index.ts'
import { openMatrices, type RunningOptions } from '../runtime/index.ts'

/** Does work on large matrices with the kernels of the backend and its threads, where it has some; they are there from their first use on until the work ends. */
export async function withMatrices<T>(
  running: RunningOptions,
  turn: Turn,
  work: (turn: MatrixTurn) => Promise<T>,
): Promise<T> {
  const kernels = openMatrices(running)
  try {
    return await work(Object.assign(() => turn(), { kernels }))
  } finally {
    await kernels?.dispose()
  }
}
