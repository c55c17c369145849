import { decodeElements, type ElementType, encodeElements, isInteger } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { asElement } from './as-element.ts'
import { dense } from './check.ts'
import { mapped } from './moved.ts'

const isNumber = (type: ElementType): boolean => !(type === 'string' || type.startsWith('complex'))

/** Floats of 8 bits and less can be read, not made. */
const canBeMade = (type: ElementType): boolean =>
  isNumber(type) && !(type.startsWith('float8') || type.startsWith('float4'))

/**
 * The same numbers in another element type: floats are truncated toward zero to integers and rounded to the nearest narrower float,
 * everything but 0 is true. undefined from and to types whose elements are no plain numbers (strings, complex), and to floats of 8 bits
 * and less.
 */
export function converted(x: Dense, type: ElementType): Dense | undefined {
  if (!isNumber(x.elementType) || !canBeMade(type)) return undefined
  if (type === 'bool') return mapped(x, (v) => (v === 0 ? 0 : 1), type)
  if (isInteger(type)) return mapped(x, (v) => asElement(type, v), type)
  return dense(type, x.shape, decodeElements(type, encodeElements(type, x.data), x.data.length))
}
