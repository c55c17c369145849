// Copies floats: y[i] = x[i].

import { shareStart } from './sync'

/** Arguments: x, y (addresses), count (floats). */
export function copyF32(args: usize, thread: i32, threads: i32): void {
  const x = <usize>load<i32>(args, 0)
  const y = <usize>load<i32>(args, 4)
  const count = load<i32>(args, 8)
  const start = shareStart(count, 4, thread, threads)
  const end = shareStart(count, 4, thread + 1, threads)
  memory.copy(y + 4 * <usize>start, x + 4 * <usize>start, 4 * <usize>(end - start))
}
