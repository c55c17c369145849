import { bitsPerElement, type ElementType, isInteger } from '../../base/index.ts'

/**
 * What an element of this type holds when arithmetic gave `value`: float32 rounds (a Floor after it must see what a runtime sees),
 * integers lose what follows the point, as in C. Those of at most 32 bits wrap, and so does a negative uint64; what is infinite becomes the least or
 * the largest. Everything else passes: float64, 64-bit integers (numbers, exact to 2^53, so that the largest cannot be told from those beyond), NaN,
 * which is refused where it is stored, and the narrow floats, which reference implementations compute in more.
 */
export function asElement(type: ElementType, value: number): number {
  if (type === 'float32') return Math.fround(value)
  if (!isInteger(type) || Number.isNaN(value)) return value
  const bits = bitsPerElement(type)
  const span = 2 ** bits
  const isSigned = !type.startsWith('u')
  const least = isSigned ? -span / 2 : 0
  if (!Number.isFinite(value)) return value < 0 ? least : least + span - 1
  // There is no −0.
  const whole = Math.trunc(value) + 0
  if (bits > 32 && !(type === 'uint64' && whole < 0)) return whole
  const low = whole - Math.floor(whole / span) * span
  return isSigned && low >= span / 2 ? low - span : low
}
