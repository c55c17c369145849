import { elementCount, stridesOf } from '../../../../base/index.ts'
import { type Allocator, type Step, step } from './step.ts'
import { collapsed, inRank, type PlacedRun, type Walk } from './strides.ts'

/*
 * Steps that move elements: copies with strides, transposes, gathers, padding.
 */

/** y[…] = value. */
export function lowerFill(y: number, count: number, value: number): Step[] {
  return count === 0 ? [] : [step('fillF32', { y, count, value })]
}

/** A copy whose strides (elements) are given per axis; source strides may be 0 or negative. `x` and `y` are the addresses of element 0. */
export interface StridedCopy {
  readonly x: number
  readonly y: number
  /** Axes in the order in which they lie in the destination, as far as possible: the last one is the innermost. */
  readonly sizes: readonly number[]
  readonly xStrides: readonly number[]
  readonly yStrides: readonly number[]
}

/** Copies; transposes where source and destination are contiguous along different axes. Any number of axes. */
export function lowerCopy({ x, y, sizes, xStrides, yStrides }: StridedCopy): Step[] {
  if (elementCount(sizes) === 0) return []
  const walk = collapsed({ sizes, strides: [xStrides, yStrides] })
  const [xs, ys] = walk.strides as [readonly number[], readonly number[]]
  const column = xs.indexOf(1)
  const row = ys.indexOf(1)
  if (column >= 0 && row >= 0 && column !== row) return transposed(x, y, walk, row, column)
  if (walk.sizes.length <= 1 && (xs[0] ?? 1) === 1 && (ys[0] ?? 1) === 1)
    return [step('copyF32', { x, y, count: walk.sizes[0] ?? 1 })]
  return inRank(walk, 6, ({ sizes, strides }, [xOffset, yOffset]) => [
    step('copyStridedF32', {
      ...{ x: x + 4 * xOffset!, y: y + 4 * yOffset!, sizes, xStrides: strides[0]!, yStrides: strides[1]! },
    }),
  ])
}

/** Copies channels to their places in `to`, which has them last. */
export const copyRun = (
  { address, pixel, count, at, step }: PlacedRun,
  to: { readonly address: number; readonly pixel: number },
  pixels: number,
): Step[] =>
  lowerCopy({
    ...{ x: address, y: to.address + 4 * at, sizes: [pixels, count] },
    ...{ xStrides: [pixel, 1], yStrides: [to.pixel, step] },
  })

/** `row` is the axis along which y is contiguous, `column` the one along which x is. */
function transposed(x: number, y: number, { sizes, strides }: Walk, row: number, column: number): Step[] {
  const outer = (values: readonly number[]) => values.filter((_, axis) => axis !== row && axis !== column)
  const [xs, ys] = strides as [readonly number[], readonly number[]]
  return inRank(
    { sizes: outer(sizes), strides: [outer(xs), outer(ys)] },
    4,
    ({ sizes: outerSizes, strides: outerStrides }, [xOffset, yOffset]) => [
      step('transposeF32', {
        ...{ x: x + 4 * xOffset!, y: y + 4 * yOffset!, rows: sizes[row]!, columns: sizes[column]! },
        ...{ xRow: xs[row]!, yRow: ys[column]! },
        ...{ sizes: outerSizes, xStrides: outerStrides[0]!, yStrides: outerStrides[1]! },
      }),
    ],
  )
}

/** Axis i of y is axis perm[i] of x; both contiguous. */
export function lowerTranspose(x: number, y: number, shape: readonly number[], perm: readonly number[]): Step[] {
  const strides = stridesOf(shape)
  const sizes = perm.map((p) => shape[p]!)
  return lowerCopy({ x, y, sizes, xStrides: perm.map((p) => strides[p]!), yStrides: stridesOf(sizes) })
}

const storeInts = (alloc: Allocator, values: ArrayLike<number>): number => {
  const at = alloc.alloc(4 * values.length)
  new Int32Array(alloc.memory.buffer, at, values.length).set(values)
  return at
}

/** Elements from one pixel to the next. */
export interface Pixels {
  readonly xPixel: number
  readonly yPixel: number
}

/**
 * y = x with each axis of `tables` indexed: y[…, i, …] = x[…, table[i], …]. x of `shape` (order of memory) and y contiguous.
 * Two neighbouring axes are done at once, others one after the other through scratch memory.
 * @param pixels elements from one row of the axes behind to the next, where they do not lie side by side (`isOneGather`)
 */
export function lowerGather(
  x: number,
  y: number,
  shape: readonly number[],
  tables: ReadonlyMap<number, ArrayLike<number>>,
  alloc: Allocator,
  pixels?: Pixels,
): Step[] {
  const axes = [...tables.keys()].sort((a, b) => a - b)
  const rounds: number[][] = []
  for (const axis of axes) {
    const last = rounds.at(-1)
    if (last?.length === 1 && last[0] === axis - 1) last.push(axis)
    else rounds.push([axis])
  }
  if (rounds.length === 0)
    return lowerCopy({ x, y, sizes: shape, xStrides: stridesOf(shape), yStrides: stridesOf(shape) })
  const sizes = [...shape]
  let from = x
  return rounds.map((round, i): Step => {
    const first = round[0]!
    const last = round.at(-1)!
    const outer = elementCount(sizes.slice(0, first))!
    const inner = elementCount(sizes.slice(last + 1))!
    const [inJ, inK] = round.length === 2 ? [sizes[first]!, sizes[last]!] : [1, sizes[last]!]
    for (const axis of round) sizes[axis] = tables.get(axis)?.length as number
    const [outJ, outK] = round.length === 2 ? [sizes[first]!, sizes[last]!] : [1, sizes[last]!]
    const tableJ = storeInts(alloc, round.length === 2 ? tables.get(first)! : [0])
    const tableK = storeInts(alloc, tables.get(last)!)
    const to = i === rounds.length - 1 ? y : alloc.scratch(4 * elementCount(sizes)!)
    const steps = { xStep: pixels?.xPixel ?? inner, yStep: pixels?.yPixel ?? inner }
    const gather = step('gatherF32', { x: from, y: to, outer, inJ, inK, outJ, outK, inner, ...steps, tableJ, tableK })
    from = to
    return gather
  })
}

export interface Padding {
  readonly x: number
  readonly y: number
  /** Shape of x, in the order of memory, as `begins` and `ends`; negative entries cut. */
  readonly shape: readonly number[]
  readonly begins: readonly number[]
  readonly ends: readonly number[]
  readonly mode: 'constant' | 'edge' | 'reflect' | 'wrap'
  /** For 'constant'. */
  readonly value: number
}

/** Pads x (contiguous) into y (contiguous). Sizes of x are at least 1 where it is padded by repetition. */
export function lowerPad({ x, y, shape, begins, ends, mode, value }: Padding, alloc: Allocator): Step[] {
  const sizes = shape.map((d, axis) => d + begins[axis]! + ends[axis]!)
  if (elementCount(sizes) === 0) return []
  if (mode !== 'constant') {
    const tables = new Map<number, number[]>()
    sizes.forEach((size, axis) => {
      const begin = begins[axis]!
      if (begin !== 0 || ends[axis] !== 0)
        tables.set(
          axis,
          Array.from({ length: size }, (_, i) => repeated(i - begin, shape[axis]!, mode)),
        )
    })
    return lowerGather(x, y, shape, tables, alloc)
  }
  const xStrides = stridesOf(shape)
  const yStrides = stridesOf(sizes)
  const start = begins.map((b) => Math.max(0, b))
  const from = begins.map((b) => Math.max(0, -b))
  const kept = shape.map((d, axis) => Math.max(0, d - from[axis]! - Math.max(0, -ends[axis]!)))
  const at = (strides: readonly number[], index: readonly number[]) =>
    4 * strides.reduce((sum, s, axis) => sum + s * index[axis]!, 0)
  const inside = lowerCopy({ x: x + at(xStrides, from), y: y + at(yStrides, start), sizes: kept, xStrides, yStrides })
  const covered = elementCount(kept) === elementCount(sizes)
  return [...(covered ? [] : lowerFill(y, elementCount(sizes)!, value)), ...inside]
}

/** Which element stands at place i of an axis that goes on beyond its ends. */
function repeated(i: number, size: number, mode: 'edge' | 'reflect' | 'wrap'): number {
  if (mode === 'edge') return Math.min(size - 1, Math.max(0, i))
  if (mode === 'wrap') return ((i % size) + size) % size
  // Mirrored at the first and the last element, which are not repeated themselves.
  const period = Math.max(1, 2 * (size - 1))
  const j = ((i % period) + period) % period
  return j < size ? j : period - j
}
