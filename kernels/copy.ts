// Copies floats: y[i] = x[i].

import { shareStart } from './sync'
import { CopyF32 } from './table.generated'

export function copyF32(args: CopyF32, thread: i32, threads: i32): void {
  const x = args.x
  const y = args.y
  const count = args.count
  const start = shareStart(count, 4, thread, threads)
  const end = shareStart(count, 4, thread + 1, threads)
  memory.copy(y + 4 * <usize>start, x + 4 * <usize>start, 4 * <usize>(end - start))
}
