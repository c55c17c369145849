// Tensors of six axes, a row of the innermost axis at a time.

import { shareStart } from './sync'
import { Walk } from './table.generated'

/**
 * Walks the rows of six axes in row-major order, this thread's share of them, or of each of them where there are few. Rows that follow each other along
 * the fifth axis go to `T` together:
 *
 *     rows(args, i0, i1, i2, i3, i4, turns, row, from, count)
 *
 * `turns` rows from place [i0, i1, i2, i3, i4] on, the first of which is number `row` of all; of each, `count` elements from `from` on. `T` is a class
 * without fields: its method is known when this is compiled, so that nothing is looked up.
 */
export function walkRows<T, A extends Walk>(args: A, thread: i32, threads: i32): void {
  const sizes = args.sizes
  const d1 = load<i32>(sizes, 4)
  const d2 = load<i32>(sizes, 8)
  const d3 = load<i32>(sizes, 12)
  const d4 = load<i32>(sizes, 16)
  const inner = load<i32>(sizes, 20)
  const rows = load<i32>(sizes) * d1 * d2 * d3 * d4
  const byRows = rows >= 8 * threads
  const last = byRows ? shareStart(rows, 1, thread + 1, threads) : rows
  const from = byRows ? 0 : shareStart(inner, 16, thread, threads)
  const count = (byRows ? inner : shareStart(inner, 16, thread + 1, threads)) - from
  if (count === 0) return
  let row = byRows ? shareStart(rows, 1, thread, threads) : 0
  while (row < last) {
    let r = row / d4
    const i4 = row - r * d4
    const turns = min(d4 - i4, last - row)
    const i3 = r % d3
    r /= d3
    const i2 = r % d2
    r /= d2
    const i1 = r % d1
    changetype<T>(0).rows(args, r / d1, i1, i2, i3, i4, turns, row, from, count)
    row += turns
  }
}

/** Address of an element of an operand with six strides, in elements of 4 bytes. */
// @inline
export function elementAt(base: usize, strides: usize, i0: i32, i1: i32, i2: i32, i3: i32, i4: i32, i5: i32): usize {
  return (
    base +
    4 *
      <usize>(
        (i0 * load<i32>(strides) +
          i1 * load<i32>(strides, 4) +
          i2 * load<i32>(strides, 8) +
          i3 * load<i32>(strides, 12) +
          i4 * load<i32>(strides, 16) +
          i5 * load<i32>(strides, 20))
      )
  )
}
