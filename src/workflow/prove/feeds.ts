import { type ElementType, elementCount, isConcrete, KerfError, seededRandom, seedFrom } from '../../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../../graph/index.ts'

/** One input of a network, filled with seeded random numbers. */
export interface Feed {
  readonly name: string
  readonly elementType: ElementType
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** Elements of an input with which networks are still run: more take minutes and gigabytes, and prove no more. */
const largestInput = 2 ** 27

/** Standard normal numbers for floating inputs, 0 and 1 for the others: valid for images and for masks. */
export function randomFeeds(
  model: Model,
  inputs: ReadonlyMap<string, readonly number[]> | undefined,
  seed: number,
): Feed[] {
  const { inputShapes } = bindInputs(model.graph, inputs)
  return graphInputs(model.graph).map((input) => {
    const shape = inputShapes?.get(input.name)
    if (input.type?.kind !== 'tensor' || !isConcrete(shape))
      throw new KerfError(
        'unsupported-input',
        `Input "${input.name}" is not a tensor of known shape, so the network cannot be run.`,
      )
    const count = elementCount(shape)!
    if (count > largestInput)
      throw new KerfError(
        'too-large',
        `Input "${input.name}" [${shape.join(',')}] has ${count.toLocaleString('en')} elements, too many to run the network for a check. Give a smaller shape with --input.`,
        { input: input.name, shape },
      )
    const random = seededRandom(seedFrom(seed, input.name))
    const floating = ['float32', 'float64', 'float16'].includes(input.type.elementType)
    const values = Float64Array.from({ length: count }, () => (floating ? random.normal() : random.below(2)))
    return { name: input.name, elementType: input.type.elementType, shape, values }
  })
}

/** What a network gave. */
export type Outputs = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float64Array }>
