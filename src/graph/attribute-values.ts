import type { Attribute, Tensor } from './model.ts'

/** Plain values for attributes: integers are ints unless marked by `float`. */
export type AttributeValue = number | string | readonly number[] | readonly string[] | Tensor | Attribute

/** `value` as an attribute of kind float, which a whole number would not become by itself. */
export const float = (value: number): Attribute => ({ kind: 'float', value })
/** The numbers of `value` as an attribute of kind floats, which they would not become by themselves. */
export const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value })

/** An attribute from a plain value. */
export function attributeOf(value: AttributeValue): Attribute {
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'int', value } : float(value)
  if (typeof value === 'string') return { kind: 'string', value }
  if (Array.isArray(value))
    return typeof value[0] === 'string'
      ? { kind: 'strings', value: value as string[] }
      : { kind: 'ints', value: value as number[] }
  return 'kind' in value ? value : { kind: 'tensor', value: value as Tensor }
}
