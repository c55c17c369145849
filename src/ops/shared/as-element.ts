import { bitsPerElement, type ElementType, isInteger } from '../../base/index.ts'

/**
 * What an element of this type holds when arithmetic gave `value`: float32 rounds (a Floor after it must see what a runtime sees),
 * integers of at most 32 bits wrap, as in C, and so does a negative uint64. Everything else passes: float64, 64-bit integers (numbers, exact to
 * 2^53, so that the largest cannot be told from those beyond), and the narrow floats, which reference implementations compute in more.
 */
export function asElement(type: ElementType, value: number): number {
  if (type === 'float32') return Math.fround(value)
  if (!isInteger(type)) return value
  const bits = bitsPerElement(type)
  if (!Number.isFinite(value) || (bits > 32 && !(type === 'uint64' && value < 0))) return value
  const span = 2 ** bits
  const low = value - Math.floor(value / span) * span
  return !type.startsWith('u') && low >= span / 2 ? low - span : low
}
