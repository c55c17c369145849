// A loop that lives in registers: what this machine, in this engine, can do at most. Benchmarks set kernels against it.

import { madd } from './simd'
import { shareStart } from './sync'
import { LimitF32 } from './table.generated'

// Twelve chains of operations that do not wait for each other: enough to fill the pipelines, few enough to stay in registers. Four turns are
// written out, so that counting turns is no part of what is measured. All values come from memory: V8 would make constants anew in every turn.

// biome-ignore format: what is done side by side stands side by side
export function limitF32(args: LimitF32, thread: i32, threads: i32): void {
  const y = args.y
  const turns = args.turns
  const x = v128.load(y, 192), w = v128.load(y, 208)
  let c0 = v128.load(y), c1 = v128.load(y, 16), c2 = v128.load(y, 32), c3 = v128.load(y, 48)
  let c4 = v128.load(y, 64), c5 = v128.load(y, 80), c6 = v128.load(y, 96), c7 = v128.load(y, 112)
  let c8 = v128.load(y, 128), c9 = v128.load(y, 144), c10 = v128.load(y, 160), c11 = v128.load(y, 176)
  for (let i = shareStart(turns, 1, thread + 1, threads) - shareStart(turns, 1, thread, threads); i > 0; i -= 4) {
    c0 = madd(c0, x, w); c1 = madd(c1, x, w); c2 = madd(c2, x, w); c3 = madd(c3, x, w)
    c4 = madd(c4, x, w); c5 = madd(c5, x, w); c6 = madd(c6, x, w); c7 = madd(c7, x, w)
    c8 = madd(c8, x, w); c9 = madd(c9, x, w); c10 = madd(c10, x, w); c11 = madd(c11, x, w)
    c0 = madd(c0, x, w); c1 = madd(c1, x, w); c2 = madd(c2, x, w); c3 = madd(c3, x, w)
    c4 = madd(c4, x, w); c5 = madd(c5, x, w); c6 = madd(c6, x, w); c7 = madd(c7, x, w)
    c8 = madd(c8, x, w); c9 = madd(c9, x, w); c10 = madd(c10, x, w); c11 = madd(c11, x, w)
    c0 = madd(c0, x, w); c1 = madd(c1, x, w); c2 = madd(c2, x, w); c3 = madd(c3, x, w)
    c4 = madd(c4, x, w); c5 = madd(c5, x, w); c6 = madd(c6, x, w); c7 = madd(c7, x, w)
    c8 = madd(c8, x, w); c9 = madd(c9, x, w); c10 = madd(c10, x, w); c11 = madd(c11, x, w)
    c0 = madd(c0, x, w); c1 = madd(c1, x, w); c2 = madd(c2, x, w); c3 = madd(c3, x, w)
    c4 = madd(c4, x, w); c5 = madd(c5, x, w); c6 = madd(c6, x, w); c7 = madd(c7, x, w)
    c8 = madd(c8, x, w); c9 = madd(c9, x, w); c10 = madd(c10, x, w); c11 = madd(c11, x, w)
  }
  if (thread !== 0) return
  // Stored, so that no compiler can leave the loop out.
  v128.store(y, c0); v128.store(y, c1, 16); v128.store(y, c2, 32); v128.store(y, c3, 48)
  v128.store(y, c4, 64); v128.store(y, c5, 80); v128.store(y, c6, 96); v128.store(y, c7, 112)
  v128.store(y, c8, 128); v128.store(y, c9, 144); v128.store(y, c10, 160); v128.store(y, c11, 176)
}
