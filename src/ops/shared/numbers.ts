import type { ElementType } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { asElement } from './as-element.ts'
import { dense } from './check.ts'
import { broadcastStrides, fromIndices, offsetOf } from './indices.ts'

/** A tensor of doubles: what the scalar references of layers calculate with, so that their inner loops see one kind of array. */
export interface Doubles {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

export const doubles = ({ shape, data }: Dense): Doubles => ({
  shape,
  data: data instanceof Float64Array ? data : new Float64Array(data),
})

/** A result of arithmetic, every element as its type holds it (`asElement`). */
export function arithmetic(elementType: ElementType, { shape, data }: Doubles): Dense {
  return dense(
    elementType,
    shape,
    data.map((v) => asElement(elementType, v)),
  )
}

/** x repeated to the shape that it broadcasts to. */
export function broadcastTo(x: Dense, shape: readonly number[]): Float64Array {
  if (x.data.length === 1 && shape.length >= x.shape.length) {
    const count = shape.reduce((n, d) => n * d, 1)
    return new Float64Array(count).fill(x.data[0]!)
  }
  const strides = broadcastStrides(x.shape, shape)
  return fromIndices(shape, (index) => x.data[offsetOf(strides, index)]!)
}

/** x minus its zero point, which broadcasts to it; x itself where there is none. */
export function shifted(x: Dense, zeroPoint: Dense | undefined): Doubles {
  if (!zeroPoint) return doubles(x)
  const zero = broadcastTo(zeroPoint, x.shape)
  return { shape: x.shape, data: zero.map((z, i) => x.data[i]! - z) }
}
