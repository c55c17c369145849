import { type ElementType, normalizeAxis, type Shape } from '../../base/index.ts'
import { type Call, checkSameElements, type Dense, type Known, wrong } from '../../graph/index.ts'

export { wrong }

/** An input that the operator declares to be there. */
export function required(call: Call, input: number): Known {
  const known = call.inputs[input]
  if (!known) throw wrong(call, `input ${input} is missing`, 'Export the model again.')
  return known
}

/** @throws NodeError where an input is not of the shape that it has to be; what is unknown of either fits */
export function checkShape(call: Call, input: number, wanted: Known['shape']): void {
  const { shape } = required(call, input)
  const differs = (d: unknown, i: number) => typeof d === 'number' && typeof shape?.[i] === 'number' && d !== shape[i]
  if (shape && wanted && (shape.length !== wanted.length || wanted.some(differs)))
    throw wrong(call, `input ${input} is [${shape}], where [${wanted}] is needed`)
}

/**
 * The element type that the given inputs have in common, where it is known; left-out inputs do not count.
 * @throws NodeError when they differ
 */
export function commonType(call: Call, inputs: readonly number[]): ElementType | undefined {
  const known = inputs.filter((i) => call.inputs[i]?.elementType)
  for (const i of known) checkSameElements(call, known[0]!, i)
  return call.inputs[known[0] ?? -1]?.elementType
}

/** The content of an input that must be known to infer shapes; undefined when it depends on data. */
export function contentOf(call: Call, input: number): readonly number[] | undefined {
  const value = call.inputs[input]?.value
  return value && Array.from(value.data)
}

/** `-1` counts from the end. @throws NodeError when out of range */
export function axisOf(call: Call, axis: number, rank: number): number {
  const a = normalizeAxis(axis, rank)
  if (a === undefined) throw wrong(call, `axis ${axis} is out of range for ${rank} dimensions`)
  return a
}

/** An index counted from 0, where `-1` counts from the end. @throws NodeError where it is none of so many elements: data may hold any number */
export function placeOf(call: Call, index: number, size: number): number {
  if (!(index >= -size && index < size && Number.isInteger(index)))
    throw wrong(call, `index ${index} is out of range for ${size} elements`)
  return index < 0 ? index + size : index
}

/** Whether two shapes are one, as far as their sizes are known. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => typeof d !== 'number' || typeof b[i] !== 'number' || d === b[i])

/** One output of the given type. */
export function typed(elementType: ElementType | undefined, shape: Shape | undefined): Known {
  return { elementType, shape }
}

export function dense(elementType: ElementType, shape: readonly number[], data: ArrayLike<number>): Dense {
  return { elementType, shape, data }
}
