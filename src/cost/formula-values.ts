import { stridesOf } from '../base/index.ts'
import type { Dense } from '../graph/index.ts'

/**
 * Why the values of a constant were not learnt: they are all equal (padding), whole or half numbers (grids, masks, anchors, indices), or the same
 * all along an axis, each for itself or channel by channel (coordinates).
 * @returns undefined where they follow none of these
 */
export function formulaIn({ shape, data }: Dense): string | undefined {
  const plain = plainIn(data)
  if (plain !== undefined) return plain
  const wide = shape.flatMap((d, axis) => (d > 1 ? [axis] : []))
  if (wide.length < 2) return undefined
  const ends = [wide[0]!, wide.at(-1)!]
  const isRegular =
    wide.some((axis) => repeatsAlong(shape, data, axis)) ||
    (wide.length > 2 && ends.some((channels) => isGrid(shape, data, channels)))
  return isRegular ? 'its values repeat along an axis, as coordinates do' : undefined
}

/** Whether every slice of the channel axis repeats along some other axis. */
function isGrid(shape: readonly number[], data: ArrayLike<number>, channels: number): boolean {
  const others = shape.flatMap((d, axis) => (d > 1 && axis !== channels ? [axis] : []))
  for (let c = 0; c < shape[channels]!; c++)
    if (!others.some((axis) => repeatsAlong(shape, data, axis, { axis: channels, index: c }))) return false
  return true
}

/** Whether a value does not change along an axis (in one slice of another axis, or everywhere). */
function repeatsAlong(
  shape: readonly number[],
  data: ArrayLike<number>,
  axis: number,
  slice?: { readonly axis: number; readonly index: number },
): boolean {
  const strides = stridesOf(shape)
  const stride = strides[axis]!
  const position = (i: number, at: number) => Math.floor(i / strides[at]!) % shape[at]!
  for (let i = 0; i < data.length; i++) {
    if (slice && position(i, slice.axis) !== slice.index) continue
    if (position(i, axis) > 0 && data[i] !== data[i - stride]) return false
  }
  return true
}

/**
 * Whether a weight [channels, 1, kernel …] holds one filter again and again. Filters of equal taps do not tell: models without their weights
 * have such ones, too.
 */
export function sameFilterEverywhere({ shape, data }: Pick<Dense, 'shape' | 'data'>): boolean {
  const [channels = 0] = shape
  const size = data.length / channels
  if (channels < 2 || size < 2) return false
  let varies = false
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== data[i % size]) return false
    varies ||= data[i] !== data[0]
  }
  return varies
}

/** The part of `formulaIn` that looks at each value by itself. */
export function plainIn(data: ArrayLike<number>): string | undefined {
  const all = (test: (value: number) => boolean) => {
    for (let i = 0; i < data.length; i++) if (!test(data[i]!)) return false
    return true
  }
  const first = data[0]!
  if (all((v) => v === first)) return `all its values are ${first}`
  if (all((v) => !Number.isFinite(v) || Number.isInteger(2 * v))) return 'its values are whole or half numbers'
  return undefined
}
