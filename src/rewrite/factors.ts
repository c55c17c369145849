import type { Singular } from '../algebra/index.ts'
import { elementCount, isConcrete, type Turn } from '../base/index.ts'
import {
  type Analysis,
  type Attribute,
  AttributeReader,
  attributeOf,
  type GraphEditor,
  type Node,
  nodeLabel,
  tensorOf,
  tensorValues,
} from '../graph/index.ts'
import { convolutionRefusal, type Kernel, type KernelShape, kernelOf, kernelShape } from './convolution.ts'
import type { Replaced, Rewrite, RewriteLayer, RewriteRefusal, Variant } from './rewrite.ts'
import type { Setting } from './settings.ts'

/*
 * Convolutions as several smaller ones in a row, without anything between: their weights are factors of the layer's. Each spatial axis belongs to one of them, which
 * pads, strides and dilates along it as the layer did; along the others its window is one element. None but the last has a bias: so what pads the one behind is 0,
 * as the padding of the layer was, and the borders are right.
 */

/** One of the convolutions, without its weights. */
export interface FactorShape {
  /** Stands behind the layer's name; the last one has the name itself. */
  readonly role: string
  /** Of its weights. */
  readonly shape: readonly number[]
  readonly groups: number
  /** Whether it slides along each spatial axis as the layer did. */
  readonly slides: readonly boolean[]
}

/** What the weights of a layer fall into. */
export interface Decomposition<R> {
  /** ‖W‖². */
  readonly size: number
  /** The ranks that there are, or enough of them, each with ‖W − W′‖². */
  readonly ranks: readonly { readonly rank: R; readonly error: number }[]
  /** ‖W − W′‖² at a rank. */
  errorAt(rank: R): number
  /** Weights of the factors at a rank, in order. */
  weightsAt(rank: R, turn: Turn): Promise<readonly Float64Array[]>
  /** ‖W − W′‖² of weights of factors as they are given. */
  errorOf(weights: readonly Float64Array[], rank: R, turn: Turn): Promise<number>
}

/** A kind of factors. */
export interface Factorisation<R> extends Pick<Rewrite, 'name' | 'title' | 'summary' | 'source'> {
  readonly rank: Setting<R | undefined>
  /** More than `convolutionRefusal` has against a layer. */
  refusal?(kernel: KernelShape): RewriteRefusal | undefined
  /** The full rank. */
  mostRank(kernel: KernelShape): R
  /** Factors at a rank. */
  shapesAt(kernel: KernelShape, rank: R): readonly FactorShape[]
  decompose(kernel: Kernel, turn: Turn): Promise<Decomposition<R>>
}

const ranksOf = (rank: number | readonly number[]): readonly number[] => [rank].flat()

/** A rewrite that puts factors in the place of layers. */
export function factorRewrite<R extends number | readonly number[]>(
  kind: Factorisation<R>,
): Rewrite<{ readonly rank: R | undefined }> {
  const { name, title, summary, source } = kind
  /** While a layer is looked at, and swapped. */
  const known = new WeakMap<RewriteLayer, Promise<{ kernel: Kernel; found: Decomposition<R> }>>()
  const decomposed = (layer: RewriteLayer, turn: Turn) => {
    const made = known.get(layer) ?? decompose(layer, turn)
    known.set(layer, made)
    return made
  }
  const decompose = async (layer: RewriteLayer, turn: Turn) => {
    const kernel = kernelOf(layer)
    return { kernel, found: await kind.decompose(kernel, turn) }
  }
  const relative = ({ size }: Decomposition<R>, error: number) => (size > 0 ? Math.max(0, error) / size : 0)
  return {
    ...{ name, title, summary, source, settings: { rank: kind.rank }, approximates: true },
    facts: { rank: 'Rank', energy: 'Energy' },

    refusal(layer, { rank }) {
      const refused = factorRefusal(layer, kind)
      if (refused || rank === undefined) return refused
      const most = ranksOf(kind.mostRank(kernelShape(layer)!))
      const isBeyond = ranksOf(rank).some((r, i) => r > most[i]!)
      return isBeyond
        ? { code: 'rank', why: `its rank is ${most.join(', ')} at most, ${ranksOf(rank).join(', ')} was asked for` }
        : undefined
    },

    async variants(layer, { turn }) {
      const { kernel, found } = await decomposed(layer, turn)
      const places = placesOf(layer)
      return found.ranks.map(
        ({ rank, error }): Variant<{ rank: R | undefined }> => ({
          settings: { rank },
          macs: macsPart(kernel, kind.shapesAt(kernel, rank), places),
          error: relative(found, error),
        }),
      )
    },

    async replace(layer, { editor, settings, turn }): Promise<Replaced> {
      const { kernel, found } = await decomposed(layer, turn)
      const rank = settings.rank ?? kind.mostRank(kernel)
      const shapes = kind.shapesAt(kernel, rank)
      const weights = await found.weightsAt(rank, turn)
      const tensors = weights.map((values, i) => tensorOf(kernel.elementType, shapes[i]!.shape, values))
      const stored = tensors.map(tensorValues)
      const weightError = Math.sqrt(relative(found, await found.errorOf(stored, rank, turn)))
      const names = tensors.map((tensor, i) => editor.constant(`${layer.node.inputs[1]}_${shapes[i]!.role}`, tensor))
      addFactors(editor, layer, shapes, names)
      return {
        parameters: names.map((weight) => ({ name: weight, from: 'the layer' })),
        weightError,
        facts: { rank: ranksOf(rank).join(', '), energy: 1 - relative(found, found.errorAt(rank)) },
      }
    },
  }
}

function factorRefusal<R>(layer: RewriteLayer, kind: Factorisation<R>): RewriteRefusal | undefined {
  const refused = convolutionRefusal(layer, 'floating') ?? partOfMap(layer)
  if (refused) return refused
  const kernel = kernelShape(layer)
  if (!kernel) return { code: 'unknown-shape', why: 'the shape of its weights is not known' }
  if (elementCount([kernel.groups * kernel.outChannels, kernel.inChannels, kernel.taps]) === 0)
    return { code: 'empty', why: 'it has no weights' }
  if (kernel.taps === 1)
    return { code: 'pointwise', why: `it is ${kernel.window.join('×')}: there is nothing to separate` }
  if (kernel.groups > 1 && kernel.inChannels === 1)
    return { code: 'depthwise', why: 'it is depthwise: each of its groups reads one channel already' }
  return kind.refusal?.(kernel)
}

/** Two convolutions with nothing between are one linear map: factors that somebody made of a layer. */
export function partOfMap({ node, analysis }: RewriteLayer): RewriteRefusal | undefined {
  const [x = ''] = node.inputs
  const [y = ''] = node.outputs
  const before = analysis.producers.get(x)
  const [behind] = analysis.consumers.get(y) ?? []
  const other =
    before && isLinear(analysis, before)
      ? before
      : behind?.opType === 'Conv' && behind.inputs[0] === y && isLinear(analysis, node)
        ? behind
        : undefined
  return other && { code: 'already', why: `it and ${nodeLabel(other)} are one linear map: factors of a layer already` }
}

/** A convolution without a bias, which is read by one other alone. */
function isLinear({ model, consumers }: Analysis, { opType, inputs, outputs }: Node): boolean {
  const [y = ''] = outputs
  const isOutput = model.graph.outputs.some((o) => o.name === y)
  return opType === 'Conv' && (inputs[2] ?? '') === '' && consumers.get(y)?.length === 1 && !isOutput
}

/** By how much a layer's input is larger than its output along each axis: the number of places of a factor that does not slide along it yet. */
export function placesOf({ node, analysis }: RewriteLayer): number[] {
  const strides = new AttributeReader(node).ints('strides')
  const [x, y] = [node.inputs[0], node.outputs[0]].map((name) => analysis.values.get(name ?? '')?.shape)
  const rank = kernelShape({ node, analysis, name: '', place: undefined })!.window.length
  if (isConcrete(x) && isConcrete(y)) return Array.from({ length: rank }, (_, i) => x[i + 2]! / Math.max(1, y[i + 2]!))
  return strides ?? new Array<number>(rank).fill(1)
}

function macsPart(kernel: KernelShape, shapes: readonly FactorShape[], places: readonly number[]): number {
  const left = [...places]
  const own = kernel.groups * kernel.outChannels * kernel.inChannels * kernel.taps
  return shapes.reduce((sum, { shape, slides }) => {
    slides.forEach((isOwn, axis) => {
      if (isOwn) left[axis] = 1
    })
    return sum + (elementCount(shape)! * left.reduce((p, d) => p * d, 1)) / own
  }, 0)
}

/** @param weights names of the factors' weights */
function addFactors(
  editor: GraphEditor,
  { node, name }: RewriteLayer,
  shapes: readonly FactorShape[],
  weights: readonly string[],
): void {
  let [x = ''] = node.inputs
  shapes.forEach((factor, i) => {
    const isLast = i === shapes.length - 1
    const bias = isLast ? node.inputs.slice(2) : []
    const outputs = isLast ? node.outputs : [editor.name(`${node.outputs[0]}_${factor.role}`)]
    const label = isLast ? node.name : editor.name(`${name}_${factor.role}`)
    const attributes = factorAttributes(node, factor)
    editor.add({ ...node, name: label, inputs: [x, weights[i]!, ...bias], outputs, attributes })
    x = outputs[0]!
  })
}

export function factorAttributes(node: Node, { shape, groups, slides }: FactorShape): Map<string, Attribute> {
  const a = new AttributeReader(node)
  const rank = slides.length
  const own = (name: string, fallback: number): number[] | undefined =>
    a.ints(name)?.map((value, i) => (slides[i % rank] ? value : fallback))
  const autoPad = slides.some(Boolean) ? a.string('auto_pad') : undefined
  const values = {
    ...{ kernel_shape: shape.slice(2), group: groups, auto_pad: autoPad },
    ...{ strides: own('strides', 1), dilations: own('dilations', 1), pads: own('pads', 0) },
  }
  const attributes = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, attributeOf(value)] as const],
  )
  return new Map(attributes)
}

/** What a group has of values that lie group by group. */
export const ofGroup = (values: Float64Array, groups: number, group: number): Float64Array =>
  values.subarray((group * values.length) / groups, ((group + 1) * values.length) / groups)

/** What several matrices lose together that are cut off at the same rank. */
export function cutAlike(parts: readonly Singular[]): Pick<Decomposition<number>, 'size' | 'ranks' | 'errorAt'> {
  const most = parts[0]!.energies.length
  const tails = new Float64Array(most + 1)
  for (let rank = most - 1; rank >= 0; rank--)
    tails[rank] = tails[rank + 1]! + parts.reduce((sum, { energies }) => sum + energies[rank]!, 0)
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    ranks: Array.from({ length: most }, (_, i) => ({ rank: i + 1, error: tails[i + 1]! })),
    errorAt: (rank) => tails[rank]!,
  }
}
