// The program that every thread runs: one step after the other, each thread its share, a barrier between steps.
// AssemblyScript; compiled by scripts/kernels.mjs. Memory is laid out by src/runtime/backends/wasm: nothing is allocated here.

import { call } from './dispatch.generated'
import { barrier, returnShares } from './sync'
import { program } from './table.generated'

/** Does a kernel in machine code, where there is one for this memory (src/runtime/native.node.ts). */
// @external("env", "native")
declare function native(kernel: i32, args: usize, thread: i32, threads: i32): void

/**
 * Does the steps from an address on. A kernel whose number is written as its complement is done in machine code.
 * @param thread number of this thread, from 0
 * @returns 0, or the number of the step (from 1) at whose end another thread did not arrive in time
 */
export function run(first: usize, steps: i32, thread: i32, threads: i32): i32 {
  for (let s = 0; s < steps; s++) {
    const step = first + program.stepBytes * <usize>s
    const kernel = load<i32>(step)
    const args = <usize>load<i32>(step, 4)
    if (kernel < 0) native(~kernel, args, thread, threads)
    else call(kernel, args, thread, threads)
    if (threads === 1) returnShares(1)
    else if (!barrier(thread, threads)) return s + 1
  }
  return 0
}
