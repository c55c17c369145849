import { KerfError } from '../base/index.ts'
import type { ValueInfo } from '../graph/index.ts'
import { type Feed, tensorOfFeed } from './feed.ts'
import { arrayTypeOf, dataLengthOf, type HostTensor, tensorOver } from './tensor.ts'

/** Tensors by name: what a run is given, what it gives back. */
export type Feeds = Readonly<Record<string, HostTensor>>

/**
 * What a run is given, in the order of the model's inputs.
 * @param shapes of inputs, where more is known than the model says
 * @throws KerfError `unknown-input`, `missing-input`, `wrong-element-type`, `wrong-shape`
 */
export function checkFeeds(
  inputs: readonly ValueInfo[],
  feeds: Readonly<Record<string, Feed>>,
  shapes?: ReadonlyMap<string, readonly number[]>,
): Map<string, HostTensor> {
  if (feeds === null || typeof feeds !== 'object' || Array.isArray(feeds) || ArrayBuffer.isView(feeds))
    throw new KerfError(
      'missing-input',
      `A run is given its inputs by name, as { ${inputs[0]?.name ?? 'x'}: tensor }, received ${feeds === null ? 'null' : Array.isArray(feeds) ? 'a list' : typeof feeds}.`,
    )
  for (const name of Object.keys(feeds))
    if (!inputs.some((i) => i.name === name))
      throw new KerfError(
        'unknown-input',
        `The model has no input "${name}". Its inputs: ${inputs.map((i) => i.name).join(', ') || 'none'}.`,
        { input: name },
      )
  // A name may be that of what every object has: toString.
  checkNoneMissing(inputs, (name) => Object.hasOwn(feeds, name) && feeds[name] !== undefined)
  return new Map(inputs.map((input) => [input.name, checkFeed(input, feeds[input.name]!, shapes?.get(input.name))]))
}

/** @throws KerfError `missing-input` naming all that are missing */
export function checkNoneMissing(inputs: readonly ValueInfo[], isThere: (name: string) => boolean): void {
  const missing = inputs.filter((i) => !isThere(i.name))
  if (missing.length === 0) return
  const names = missing.map((i) => `"${i.name}"`).join(', ')
  const text = missing.length > 1 ? `Inputs ${names} are missing.` : `Input ${names} is missing.`
  throw new KerfError('missing-input', text, { inputs: missing.map((i) => i.name) })
}

function checkFeed(input: ValueInfo, feed: Feed, known?: readonly number[]): HostTensor {
  const { name, type } = input
  const tensor = tensorOfFeed(input, feed, known)
  if (type?.kind !== 'tensor') return tensor
  if (tensor.elementType !== type.elementType)
    throw new KerfError(
      'wrong-element-type',
      `Input "${name}" is ${type.elementType}, received ${tensor.elementType}.`,
      { input: name, expected: type.elementType, received: tensor.elementType },
    )
  const wanted = type.shape
  const fits =
    !wanted ||
    (wanted.length === tensor.shape.length && wanted.every((d, i) => typeof d !== 'number' || d === tensor.shape[i]))
  if (!fits)
    throw new KerfError(
      'wrong-shape',
      `Input "${name}" is [${wanted?.map((d) => d || '?')}], received [${tensor.shape}].`,
      { input: name, expected: wanted, received: tensor.shape },
    )
  const count = dataLengthOf(
    tensor.elementType,
    tensor.shape.reduce((p, d) => p * d, 1),
  )
  if (!(tensor.data instanceof arrayTypeOf(tensor.elementType)))
    throw new KerfError(
      'wrong-element-type',
      `Input "${name}" is ${tensor.elementType}, its data must be a ${arrayTypeOf(tensor.elementType).name}.`,
      { input: name, expected: tensor.elementType },
    )
  if (tensor.data.length !== count)
    throw new KerfError(
      'wrong-shape',
      `Input "${name}" [${tensor.shape}] has ${count} elements, received ${tensor.data.length}.`,
      { input: name },
    )
  return tensor
}

/** @throws KerfError `unknown-output` */
export function checkOutputs(outputNames: readonly string[], into: Feeds): void {
  for (const name of Object.keys(into))
    if (!outputNames.includes(name))
      throw new KerfError(
        'unknown-output',
        `The model has no output "${name}". Its outputs: ${outputNames.join(', ')}.`,
        { output: name },
      )
}

/**
 * Results as the caller gets them: copied, since they may lie in memory that the next run writes to; all of `into` is checked before any is.
 * @throws KerfError `wrong-element-type`, `wrong-shape`
 */
export function handOver(results: ReadonlyMap<string, HostTensor>, into: Feeds): Record<string, HostTensor> {
  for (const [name, { elementType, shape, data }] of results) {
    const own = ownOf(into, name)
    if (!own) continue
    if (own.elementType !== elementType || own.data.constructor !== data.constructor)
      throw new KerfError(
        'wrong-element-type',
        `Output "${name}" is ${elementType} in a ${data.constructor.name}; the tensor to write it into is ${own.elementType} in a ${own.data.constructor.name}.`,
        { output: name, expected: elementType, received: own.elementType },
      )
    if (own.shape.join() !== shape.join() || own.data.length !== data.length)
      throw new KerfError(
        'wrong-shape',
        `Output "${name}" is [${shape}] with ${data.length} elements; the tensor to write it into is [${own.shape}] with ${own.data.length}.`,
        { output: name, expected: shape, received: own.shape },
      )
  }
  const given = [...results].map(([name, result]) => {
    const own = ownOf(into, name)
    // Of one type, as was checked above; TypeScript knows that of none.
    own?.data.set(result.data as never)
    return [name, own ?? tensorOver(result.elementType, result.shape, result.data.slice())] as const
  })
  // Not by assignment, which takes "__proto__" for something else.
  return Object.fromEntries(given)
}

const ownOf = (tensors: Feeds, name: string): HostTensor | undefined =>
  Object.hasOwn(tensors, name) ? tensors[name] : undefined
