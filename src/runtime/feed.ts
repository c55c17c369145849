import { KerfError } from '../base/index.ts'
import type { ValueInfo } from '../graph/index.ts'
import { arrayTypeOf, type HostData, type HostTensor, hostTensor, isHostElementType, tensorOver } from './tensor.ts'

/** Numbers in lists in lists; those of one level are of one length. */
export type NestedNumbers = readonly (number | NestedNumbers)[]

/** What an input is given as: a tensor, or only its elements, whose shape then is the input's. */
export type Feed = HostTensor | HostData | NestedNumbers

/**
 * A tensor for an input from what it is given as.
 * @param known the shape that it was planned for, if it was
 * @throws KerfError `wrong-shape` where the model does not tell the shape, or another; `wrong-element-type`
 */
export function tensorOfFeed(input: ValueInfo, feed: Feed, known?: readonly number[]): HostTensor {
  if (ArrayBuffer.isView(feed)) return fromArray(input, feed, known)
  if (Array.isArray(feed)) return fromLists(input, feed, known)
  return checkTensor(input, feed as HostTensor)
}

/** Of JavaScript, where types do not stop the caller. */
function checkTensor({ name }: ValueInfo, tensor: HostTensor): HostTensor {
  const { elementType, shape, data } = Object(tensor) as Partial<HostTensor>
  if (!Array.isArray(shape) || typeof elementType !== 'string' || !ArrayBuffer.isView(data))
    throw new KerfError(
      'wrong-element-type',
      `Input "${name}" is given no tensor. Give hostTensor(elementType, shape, data), or a typed array.`,
      { input: name },
    )
  if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0))
    throw new KerfError('wrong-shape', `Input "${name}" is given a tensor of shape [${shape}], which is none.`, {
      input: name,
      received: shape,
    })
  return tensor
}

function elementTypeOf({ name, type }: ValueInfo) {
  if (type?.kind !== 'tensor' || !isHostElementType(type.elementType))
    throw new KerfError('wrong-element-type', `Input "${name}" takes no numbers.`, { input: name })
  return type.elementType
}

function fromArray(input: ValueInfo, data: HostData, known: readonly number[] | undefined): HostTensor {
  const elementType = elementTypeOf(input)
  const wanted = arrayTypeOf(elementType)
  if (!(data instanceof wanted))
    throw new KerfError(
      'wrong-element-type',
      `Input "${input.name}" is ${elementType}: give a ${wanted.name}, not a ${(data as HostData).constructor.name}.`,
      { input: input.name, expected: elementType },
    )
  return tensorOver(elementType, shapeOf(input, data.length, known), data)
}

function fromLists(input: ValueInfo, lists: NestedNumbers, known: readonly number[] | undefined): HostTensor {
  const own: number[] = []
  for (let level: unknown = lists; Array.isArray(level); level = level[0]) own.push(level.length)
  const values = (lists as readonly unknown[]).flat(Number.POSITIVE_INFINITY) as number[]
  if (own.reduce((p, d) => p * d, 1) !== values.length || !values.every((v) => typeof v === 'number'))
    throw new KerfError(
      'wrong-shape',
      `The lists for input "${input.name}" are of different lengths, or hold something else than numbers.`,
      { input: input.name },
    )
  // A plain list is like a typed array: elements without a shape.
  const shape = own.length === 1 ? shapeOf(input, values.length, known) : own
  return hostTensor(elementTypeOf(input), shape, values)
}

/** The shape of an input with so many elements: one dimension that is open follows from them; of more, the first is a batch of 1. */
function shapeOf({ name, type }: ValueInfo, count: number, known: readonly number[] | undefined): readonly number[] {
  const product = (shape: readonly number[]) => shape.reduce((p, d) => p * d, 1)
  if (known && product(known) === count) return known
  const shape = type?.kind === 'tensor' ? type.shape : undefined
  const isOpen = (d: number | string) => typeof d !== 'number'
  const batched = shape && shape.filter(isOpen).length > 1 ? shape.map((d, i) => (i === 0 && isOpen(d) ? 1 : d)) : shape
  const fixed = product(batched?.filter((d) => typeof d === 'number') ?? [])
  const open = batched?.filter(isOpen).length ?? Number.POSITIVE_INFINITY
  const rest = count / fixed
  if (batched && (open === 0 ? rest === 1 : open === 1 && Number.isInteger(rest)))
    return batched.map((d) => (typeof d === 'number' ? d : rest))
  const text = shape ? `[${shape.map((d) => d || '?')}]` : 'of unknown shape'
  throw new KerfError(
    'wrong-shape',
    `Input "${name}" is ${text}: ${count} elements alone do not tell its shape. Give hostTensor(elementType, shape, data).`,
    { input: name, expected: shape, received: count },
  )
}
