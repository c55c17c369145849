// The program that every thread runs: one step after the other, each thread its share, a barrier between steps.
// AssemblyScript; compiled by scripts/kernels.mjs. Memory is laid out by src/runtime/wasm: nothing is allocated here.

import { barrier } from './sync'
import { copyF32 } from './copy'

/**
 * Steps lie one after the other as pairs of i32: which kernel (see src/runtime/wasm/abi.ts), and where its arguments lie.
 * @param thread number of this thread, from 0
 * @returns 0, or the number of the step (from 1) at whose end another thread did not arrive in time
 */
export function run(program: usize, steps: i32, thread: i32, threads: i32): i32 {
  for (let s = 0; s < steps; s++) {
    const kernel = load<i32>(program, 0)
    const args = <usize>load<i32>(program, 4)
    program += 8
    switch (kernel) {
      case 0:
        copyF32(args, thread, threads)
        break
    }
    if (threads > 1 && !barrier(threads)) return s + 1
  }
  return 0
}
