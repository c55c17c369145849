import { elementCount, stridesOf } from '../../../../base/index.ts'
import type { BinaryFunction, UnaryFunction } from '../engine/kernels.generated.ts'
import { type Step, step } from './step.ts'
import { broadcastTo, collapsed, inRank } from './strides.ts'

/** y[i] = f(x[i]); x and y are addresses and may be the same. */
export const lowerUnary = (f: UnaryFunction, x: number, y: number, count: number, a = 0, b = 0): Step[] =>
  lowerUnaryRows(f, { address: x, row: count }, { address: y, row: count }, [1, count], a, b)

/** Rows of elements that lie side by side, `row` elements from one to the next. */
export interface Rows {
  readonly address: number
  readonly row: number
}

/** The same of rows of an equal length. */
export function lowerUnaryRows(
  f: UnaryFunction,
  x: Rows,
  y: Rows,
  [rows, count]: readonly [rows: number, count: number],
  a = 0,
  b = 0,
): Step[] {
  if (rows * count === 0) return []
  const dense = x.row === count && y.row === count
  const sizes = dense ? { rows: 1, count: rows * count } : { rows, count }
  return [step('unaryF32', { x: x.address, y: y.address, ...sizes, xRow: x.row, yRow: y.row, apply: f, a, b })]
}

export interface Operand {
  readonly address: number
  readonly shape: readonly number[]
  /** Elements; by default contiguous. */
  readonly strides?: readonly number[]
}

/**
 * y = min(max(f(a, b), lo), hi) with a and b broadcast to `shape` (aligned at the last axis). y may be the memory of an operand of the same shape.
 * @param yStrides in elements, the last one 1; by default y is contiguous
 */
export function lowerBinary(
  f: BinaryFunction,
  a: Operand,
  b: Operand,
  y: number,
  shape: readonly number[],
  {
    lo = Number.NEGATIVE_INFINITY,
    hi = Number.POSITIVE_INFINITY,
    yStrides = stridesOf(shape),
  }: { lo?: number; hi?: number; yStrides?: readonly number[] } = {},
): Step[] {
  if (elementCount(shape) === 0) return []
  const along = (o: Operand) => broadcastTo(o.shape, o.strides ?? stridesOf(o.shape), shape)
  const joined = collapsed({ sizes: shape, strides: [along(a), along(b), yStrides] })
  // Along the innermost axis y is contiguous: where its elements lie apart that axis has one.
  const isApart = (joined.strides[2]?.at(-1) ?? 1) !== 1
  const walk = isApart
    ? { sizes: [...joined.sizes, 1], strides: joined.strides.map((own, i) => [...own, i === 2 ? 1 : 0]) }
    : joined
  return inRank(walk, 6, ({ sizes, strides }, [aOffset, bOffset, yOffset]) => [
    step('binaryF32', {
      a: a.address + 4 * aOffset!,
      b: b.address + 4 * bOffset!,
      y: y + 4 * yOffset!,
      ...{ apply: f, lo, hi, sizes, aStrides: strides[0]!, bStrides: strides[1]!, yStrides: strides[2]! },
    }),
  ])
}

/** y = a where s > 0, else b, all three broadcast to `shape`, y contiguous. y may be the memory of an operand of the same shape. */
export function lowerWhere(s: Operand, a: Operand, b: Operand, y: number, shape: readonly number[]): Step[] {
  if (elementCount(shape) === 0) return []
  const along = (o: Operand) => broadcastTo(o.shape, o.strides ?? stridesOf(o.shape), shape)
  const walk = collapsed({ sizes: shape, strides: [along(s), along(a), along(b), stridesOf(shape)] })
  return inRank(walk, 6, ({ sizes, strides }, offsets) => {
    const [sAt, aAt, bAt, yAt] = [s.address, a.address, b.address, y].map((at, i) => at + 4 * offsets[i]!)
    const [sStrides, aStrides, bStrides] = strides
    return [
      step('whereF32', {
        ...{ s: sAt!, a: aAt!, b: bAt!, y: yAt! },
        ...{ sizes, sStrides: sStrides!, aStrides: aStrides!, bStrides: bStrides! },
      }),
    ]
  })
}

export interface AffineSizes {
  readonly batch: number
  readonly rows: number
  readonly channels: number
  /** Elements from one row to the next; by default `channels`. */
  readonly xRow?: number
  readonly yRow?: number
}

/**
 * y[n, r, c] = min(max(x[n, r, c] · scale[c] + bias[c], lo), hi), all addresses; x and y may be the same.
 * @param perSample scale and bias have `channels` entries for each sample: [batch, channels]
 */
export function lowerAffine(
  x: number,
  y: number,
  scale: number,
  bias: number,
  { batch, rows, channels, xRow = channels, yRow = channels }: AffineSizes,
  {
    perSample = false,
    lo = Number.NEGATIVE_INFINITY,
    hi = Number.POSITIVE_INFINITY,
  }: { perSample?: boolean; lo?: number; hi?: number } = {},
): Step[] {
  if (batch * rows * channels === 0) return []
  const sizes = perSample ? { batch, rows, stride: channels } : { batch: 1, rows: batch * rows, stride: 0 }
  return [step('affineF32', { x, y, scale, bias, channels, ...sizes, xRow, yRow, lo, hi })]
}
