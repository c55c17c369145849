import {
  type ElementType,
  elementCount,
  isConcrete,
  KerfError,
  type Random,
  seededRandom,
  seedFrom,
} from '../../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../../graph/index.ts'

/** What one input of a network is given. */
export interface Feed {
  /** The input's. */
  readonly name: string
  /** As the input has it. */
  readonly elementType: ElementType
  /** Of the whole batch. */
  readonly shape: readonly number[]
  /** Row-major. */
  readonly values: Float64Array
}

/** Elements of an input with which networks are still run: more take minutes and gigabytes, and prove no more. */
const largestInput = 2 ** 27

/**
 * Standard normal numbers for floating inputs, 0 and 1 for the others: valid for images and for masks.
 * @param inputs shapes of inputs whose dimensions are symbolic
 * @param seed gives every input numbers of its own, by its name; or a source that all are drawn from, one after the other
 * @throws KerfError `unsupported-input` for what is no tensor, `too-large`, and as `bindInputs`
 */
export function randomFeeds(
  model: Model,
  inputs: ReadonlyMap<string, readonly number[]> | undefined,
  seed: number | Random,
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
    const random = typeof seed === 'number' ? seededRandom(seedFrom(seed, input.name)) : seed
    const floating = ['float32', 'float64', 'float16'].includes(input.type.elementType)
    const values = Float64Array.from({ length: count }, () => (floating ? random.normal() : random.below(2)))
    return { name: input.name, elementType: input.type.elementType, shape, values }
  })
}

/** What a network gave, by the names of its outputs. */
export type Outputs = ReadonlyMap<
  string,
  {
    /** Of the output. */
    readonly shape: readonly number[]
    /** Row-major. */
    readonly values: Float64Array
  }
>
