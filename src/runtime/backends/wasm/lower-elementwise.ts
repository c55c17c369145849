import { elementCount, stridesOf } from '../../../base/index.ts'
import type { Step } from './step.ts'
import { broadcastTo, collapsed, inRank, numbered } from './strides.ts'

/** Functions of `unaryF32`, in the order of their numbers in kernels/elementwise.ts; parameters a and b where they have any. */
export const unaryFunctions = [
  /** min(max(x, a), b) */
  'clip',
  /** x, a·x below 0 */
  'leakyRelu',
  /** x, a·(eˣ − 1) below 0 */
  'elu',
  /** b·x, b·a·(eˣ − 1) below 0 */
  'selu',
  /** x, a·(exp(x/a) − 1) below 0; a > 0 */
  'celu',
  'sigmoid',
  /** min(max(a·x + b, 0), 1) */
  'hardSigmoid',
  'hardSwish',
  /** x·sigmoid(a·x) */
  'swish',
  'tanh',
  'gelu',
  'geluTanh',
  'erf',
  'mish',
  'softplus',
  'softsign',
  'exp',
  'log',
  'sqrt',
  'abs',
  'neg',
  'reciprocal',
  'floor',
  'ceil',
  /** halves to even */
  'round',
  'sign',
  /** x where x > a, else 0 */
  'thresholdedRelu',
  /** a·x + b */
  'linear',
  /** min(max(x, a), b) toward zero */
  'truncate',
] as const

export type UnaryFunction = (typeof unaryFunctions)[number]

/** y[i] = f(x[i]); x and y are addresses and may be the same. */
export function lowerUnary(f: UnaryFunction, x: number, y: number, count: number, a = 0, b = 0): Step[] {
  if (count === 0) return []
  return [{ kernel: 'unaryF32', args: { x, y, count, function: unaryFunctions.indexOf(f), aF: a, bF: b } }]
}

/** Functions of `binaryF32`, in the order of their numbers. 'prelu': a, a·b where a < 0. */
export const binaryFunctions = ['add', 'sub', 'mul', 'div', 'min', 'max', 'prelu', 'pow'] as const

export type BinaryFunction = (typeof binaryFunctions)[number]

export interface Operand {
  readonly address: number
  readonly shape: readonly number[]
  /** Elements; by default contiguous. */
  readonly strides?: readonly number[]
}

/**
 * y = min(max(f(a, b), lo), hi) with a and b broadcast to `shape` (aligned at the last axis), y contiguous. y may be the memory of an
 * operand of the same shape.
 */
export function lowerBinary(
  f: BinaryFunction,
  a: Operand,
  b: Operand,
  y: number,
  shape: readonly number[],
  { lo = Number.NEGATIVE_INFINITY, hi = Number.POSITIVE_INFINITY }: { lo?: number; hi?: number } = {},
): Step[] {
  if (elementCount(shape) === 0) return []
  const along = (o: Operand) => broadcastTo(o.shape, o.strides ?? stridesOf(o.shape), shape)
  const walk = collapsed({ sizes: shape, strides: [along(a), along(b), stridesOf(shape)] })
  return inRank(walk, 6, ({ sizes, strides }, [aOffset, bOffset, yOffset]) => [
    {
      kernel: 'binaryF32',
      args: {
        a: a.address + 4 * aOffset!,
        b: b.address + 4 * bOffset!,
        y: y + 4 * yOffset!,
        function: binaryFunctions.indexOf(f),
        loF: lo,
        hiF: hi,
        ...numbered('size', sizes),
        ...numbered('a', strides[0] as number[]),
        ...numbered('b', strides[1] as number[]),
      },
    },
  ])
}

/** y = a where s > 0, else b, all three broadcast to `shape`, y contiguous. y may be the memory of an operand of the same shape. */
export function lowerWhere(s: Operand, a: Operand, b: Operand, y: number, shape: readonly number[]): Step[] {
  if (elementCount(shape) === 0) return []
  const along = (o: Operand) => broadcastTo(o.shape, o.strides ?? stridesOf(o.shape), shape)
  const walk = collapsed({ sizes: shape, strides: [along(s), along(a), along(b), stridesOf(shape)] })
  return inRank(walk, 6, ({ sizes, strides }, offsets) => {
    const [sAt, aAt, bAt, yAt] = [s.address, a.address, b.address, y].map((at, i) => at + 4 * offsets[i]!)
    return [
      {
        kernel: 'whereF32',
        args: {
          ...{ s: sAt!, a: aAt!, b: bAt!, y: yAt! },
          ...numbered('size', sizes),
          ...numbered('s', strides[0] as number[]),
          ...numbered('a', strides[1] as number[]),
          ...numbered('b', strides[2] as number[]),
        },
      },
    ]
  })
}

export interface AffineSizes {
  readonly batch: number
  readonly rows: number
  readonly channels: number
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
  { batch, rows, channels }: AffineSizes,
  {
    perSample = false,
    lo = Number.NEGATIVE_INFINITY,
    hi = Number.POSITIVE_INFINITY,
  }: { perSample?: boolean; lo?: number; hi?: number } = {},
): Step[] {
  if (batch * rows * channels === 0) return []
  const sizes = perSample ? { batch, rows, stride: channels } : { batch: 1, rows: batch * rows, stride: 0 }
  return [{ kernel: 'affineF32', args: { x, y, scale, bias, channels, ...sizes, loF: lo, hiF: hi } }]
}
