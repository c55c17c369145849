import { type ElementType, isConcrete, isFloating, KerfError } from '../base/index.ts'
import { type Analysis, AttributeReader, constantSource, type Node, nodeLabel, tensorValues } from '../graph/index.ts'
import type { RewriteLayer, RewriteRefusal } from './rewrite.ts'

/**
 * Why a layer is no convolution whose weights can be exchanged: another operator, weights that are computed, of another type, or those of other layers, too;
 * undefined: it is one.
 * @param types that are taken; by default float32 alone
 */
export function convolutionRefusal(
  { node, analysis }: RewriteLayer,
  types: 'float32' | 'floating' = 'float32',
): RewriteRefusal | undefined {
  const { constants, values } = analysis
  const [, weight = ''] = node.inputs
  if (node.opType !== 'Conv' || node.domain !== '')
    return {
      code: 'other-operator',
      why: `it is no Conv (its type is ${node.opType}), and only these can be swapped`,
    }
  if (!constants.has(weight))
    return { code: 'computed-weights', why: `its weights "${weight}" are computed while running` }
  const { elementType } = values.get(weight) ?? {}
  const isTaken = types === 'float32' ? elementType === 'float32' : elementType !== undefined && isFloating(elementType)
  if (!isTaken)
    return {
      code: 'wrong-type',
      why: `its weights are ${elementType}, not ${types === 'float32' ? 'float32' : 'floats'}`,
    }
  const others = readersOf(analysis, weight).filter((reader) => reader !== node)
  if (others.length === 0) return undefined
  return { code: 'shared-weights', why: `it shares its weights "${weight}" with ${others.map(nodeLabel).join(', ')}` }
}

/** Who reads a constant, by whatever name. */
function readersOf(analysis: Analysis, value: string): Node[] {
  const source = (name: string) => constantSource(analysis, name)
  const own = source(value)
  return analysis.model.graph.nodes.filter(
    (n) => n.inputs.some((name) => source(name) === own) && !n.outputs.some((o) => source(o) === own),
  )
}

/** The weights of a convolution, as sizes. */
export interface KernelShape {
  readonly groups: number
  /** Of each group. */
  readonly outChannels: number
  /** Of each group. */
  readonly inChannels: number
  /** Sizes of the window, one for each spatial axis. */
  readonly window: readonly number[]
  /** Elements of the window. */
  readonly taps: number
}

/** The weights of a convolution that `convolutionRefusal` takes: undefined where their shape is not known. */
export function kernelShape({ node, analysis }: RewriteLayer): KernelShape | undefined {
  const shape = analysis.values.get(node.inputs[1] ?? '')?.shape
  if (!isConcrete(shape)) return undefined
  const groups = new AttributeReader(node).size('group', 1, 1)
  const [outChannels = 0, inChannels = 0, ...window] = shape
  return { groups, outChannels: outChannels / groups, inChannels, window, taps: window.reduce((p, k) => p * k, 1) }
}

/** The weights of a convolution. */
export interface Kernel extends KernelShape {
  readonly elementType: ElementType
  /** [groups · outChannels, inChannels, taps]. */
  readonly values: Float64Array
}

/**
 * The weights of a layer whose constants are stored, as `Rewrite.replace` gets it.
 * @throws KerfError `not-finite`
 */
export function kernelOf(layer: RewriteLayer): Kernel {
  const tensor = layer.analysis.stored.get(layer.node.inputs[1]!)!
  const values = tensorValues(tensor)
  if (!values.every(Number.isFinite))
    throw new KerfError(
      'not-finite',
      `The weights of ${layer.name} hold numbers that are NaN or infinite: nothing can be made of them. Leave the layer out (--layers).`,
      { node: layer.name },
    )
  return { ...kernelShape(layer)!, elementType: tensor.elementType, values }
}
