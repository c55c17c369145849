import { type ElementType, elementCount, roundTiesToEven } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { dense } from './check.ts'
import { broadcastTo, type Doubles } from './numbers.ts'

/** Lowest and highest value of an integer type, by its name. */
export function rangeOf(type: ElementType): [number, number] {
  const bits = Number(/\d+$/.exec(type)?.[0])
  return type.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}

/** The nearest value that the integer type has. */
export function saturate(type: ElementType, value: number): number {
  const [low, high] = rangeOf(type)
  return Math.min(high, Math.max(low, value))
}

/**
 * y = saturate(round(accumulator · a·b/out) + zeroPoint), the scales in single precision as runtimes calculate. Scales and zero point
 * broadcast to the accumulators.
 */
export function requantised(
  accumulators: Doubles,
  scales: { readonly a: Dense; readonly b: Dense; readonly out: Dense },
  zeroPoint: Dense,
): Dense {
  const { shape, data } = accumulators
  const [a, b, out, zero] = [scales.a, scales.b, scales.out, zeroPoint].map((p) => broadcastTo(p, shape)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const type = zeroPoint.elementType
  const y = data.map((sum, i) => {
    const scale = Math.fround(Math.fround(a[i]! * b[i]!) / out[i]!)
    return saturate(type, roundTiesToEven(Math.fround(sum * scale)) + zero[i]!)
  })
  return dense(type, shape, y)
}

/** A parameter with one entry per output channel (or one for all), so that it broadcasts to `rank` axes, the channels at `axis`. */
export function alongAxis(parameter: Dense, rank: number, axis: number): Dense {
  const shape = new Array<number>(rank).fill(1)
  shape[axis] = elementCount(parameter.shape)!
  return { ...parameter, shape }
}
