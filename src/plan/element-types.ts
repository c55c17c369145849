import { type ElementType, isConcrete } from '../base/index.ts'
import type { Known } from '../graph/index.ts'

/*
 * A plan's buffers hold float32 numbers, whatever the model says of them: whole numbers of narrow types lie among them exactly. Codes of 8 bits are held as bytes
 * where kernels take them so.
 */

/** Whole numbers that float32 holds all of. */
export const narrowRanges: Partial<Record<ElementType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
}

/** Values that may lie in a plan's buffers, whoever makes them. */
export const isExact = (type: ElementType | undefined): boolean =>
  type === 'float32' || (type !== undefined && type in narrowRanges)

/** Values that a backend may put there: int32, too, where float32 is enough for it (whole-numbers.ts). */
export const isHoldable = (type: ElementType | undefined): boolean => isExact(type) || type === 'int32'

/** Whether every number of a type is one of another. */
export function holds(type: ElementType | undefined, other: ElementType | undefined): boolean {
  if (type === other || type === 'float32') return true
  const own = type === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : type && narrowRanges[type]
  const range = other && narrowRanges[other]
  return own !== undefined && range !== undefined && (own[0] as number) <= range[0] && range[1] <= (own[1] as number)
}

/** Whether a value lies in a buffer whoever makes it: everything else is the host's. */
export const isPlaced = (known: Known | undefined): boolean => isExact(known?.elementType) && isConcrete(known?.shape)

export const isFloat = (known: Known | undefined): boolean =>
  known?.elementType === 'float32' && isConcrete(known.shape)

/** Whether it is codes of 8 bits. */
export const isCode = (known: Known | undefined): boolean =>
  known?.elementType === 'uint8' || known?.elementType === 'int8'

/** How a plan's values may be held: numbers of any kind as float32, or codes of 8 bits as bytes. */
export type Width = 'float32' | 'uint8'
