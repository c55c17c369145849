import { isConcrete, seededRandom, seedFrom, shuffle, type Turn } from '../../base/index.ts'
import {
  type Analysis,
  accessesOf,
  constantContent,
  type Dense,
  type InferredCall,
  type Node,
  runForward,
} from '../../graph/index.ts'
import { runnableOperators } from '../../ops/index.ts'
import { affineOf } from './layers.ts'

/*
 * What channels are on average, without any image: a normalisation keeps mean m and variance v of what it standardises, so that with factor s and shift t there
 * comes out N(s·m + t, s²·v). Behind an activation f the mean is E[f(a)], of relu with β = s·m + t and γ = |s|·√v
 *
 *   γ·φ(β/γ) + β·Φ(β/γ)
 *
 * All activations are integrated alike: a channel is held as so many numbers, each the mean of an equally likely part of the normal distribution, and nodes
 * are calculated on these. Channels of several normalisations that meet in a sum are taken as independent, in a seeded order; places of one channel as equal, so that
 * a maximum over places comes out too small.
 */

const points = 1024

/** Mean and variance of each channel of a value. */
export interface Moments {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/** Channels of a value, each as so many numbers: [points, channels]. */
interface Cloud {
  readonly data: ArrayLike<number>
  readonly channels: number
  /** Each of them stands for so many neighbours in the value: places that were made channels. */
  readonly repeats: number
}

/**
 * Moments of the channels (axis 1) of these values, as far as normalisations in front tell them.
 * @param wanted names of values
 */
export async function channelMoments(
  analysis: Analysis,
  wanted: ReadonlySet<string>,
  turn: Turn,
): Promise<ReadonlyMap<string, Moments>> {
  const clouds = new Map<string, Cloud>()
  const unread = new Map([...analysis.consumers].map(([value, nodes]) => [value, nodes.length]))
  const found = new Map<string, Moments>()
  for (const node of analysis.model.graph.nodes) {
    await turn()
    const [output = ''] = node.outputs
    const cloud = analysis.constants.has(output) ? undefined : cloudBehind(analysis, node, clouds)
    if (cloud) {
      clouds.set(output, cloud)
      if (wanted.has(output)) found.set(output, momentsOf(cloud))
    }
    for (const input of new Set(node.inputs)) {
      unread.set(input, (unread.get(input) ?? 1) - 1)
      if (unread.get(input) === 0) clouds.delete(input)
    }
  }
  return found
}

/** Undefined where nothing tells how its channels are distributed. */
function cloudBehind(analysis: Analysis, node: Node, clouds: ReadonlyMap<string, Cloud>): Cloud | undefined {
  const known = analysis.calls.get(node)
  const [x = ''] = node.inputs
  const { shape } = analysis.values.get(node.outputs[0] ?? '') ?? {}
  if (!known || !isConcrete(shape) || shape.length < 2) return undefined
  const { operator, call } = known
  const rule = operator.channels
  if (rule?.standardises?.(call as InferredCall)) return standardised(analysis, node)
  const first = clouds.get(x)
  if (rule?.places === 'alike') return first
  if (rule?.places === 'own') return calculated(analysis, node, clouds, shape)
  if (!first || accessesOf(operator, call as InferredCall) !== 'view') return undefined
  const all = first.channels * first.repeats
  const inner = analysis.values
    .get(x)!
    .shape!.slice(2)
    .reduce<number>((p, d) => p * Number(d), 1)
  if (shape[1] === all) return first
  return shape.length === 2 && shape[1] === all * inner ? { ...first, repeats: first.repeats * inner } : undefined
}

/** What comes out of a normalisation, by what it keeps; undefined where that is computed. */
function standardised(analysis: Analysis, node: Node): Cloud | undefined {
  const { operator, call } = analysis.calls.get(node)!
  const slots = operator.channels!.standardises!(call as InferredCall)!
  const content = (input: number) => {
    const name = node.inputs[input] ?? ''
    return analysis.constants.has(name) ? constantContent(analysis, name).data : undefined
  }
  const [mean, variance] = [content(slots.mean), content(slots.variance)]
  if (!mean || !variance || operator.epilogue?.(call as InferredCall, () => undefined)?.kind !== 'affine')
    return undefined
  const { scale, shift } = affineOf(analysis, node, (name) => constantContent(analysis, name).data)
  const channels = mean.length
  const data = new Float64Array(points * channels)
  const random = seededRandom(seedFrom(0, node.outputs[0]!))
  const order = Int32Array.from({ length: points }, (_, k) => k)
  const normal = normalPoints()
  for (let c = 0; c < channels; c++) {
    shuffle(order, random)
    const [middle, deviation] = [scale[c]! * mean[c]! + shift[c]!, Math.abs(scale[c]!) * Math.sqrt(variance[c]!)]
    for (let k = 0; k < points; k++) data[k * channels + c] = middle + deviation * normal[order[k]!]!
  }
  return { data, channels, repeats: 1 }
}

/** A node whose elements are made of those at the same place, calculated on the points of its inputs. */
function calculated(
  analysis: Analysis,
  node: Node,
  clouds: ReadonlyMap<string, Cloud>,
  shape: readonly number[],
): Cloud | undefined {
  const { operator, call } = analysis.calls.get(node)!
  const forward = operator.forward ?? runnableOperators.get(node.domain, node.opType)?.forward
  const given = node.inputs.map((name): Dense | undefined => {
    if (analysis.constants.has(name)) return constantContent(analysis, name)
    const cloud = clouds.get(name)
    const rank = analysis.values.get(name)?.shape?.length ?? 0
    const ones = new Array<number>(Math.max(0, rank - 2)).fill(1)
    return cloud && { elementType: 'float32', shape: [points, cloud.channels, ...ones], data: cloud.data }
  })
  const isKnown = node.inputs.every((name, i) => name === '' || given[i] !== undefined)
  const repeats = new Set(node.inputs.flatMap((name) => clouds.get(name)?.repeats ?? []))
  if (!forward || !isKnown || repeats.size !== 1) return undefined
  const [times = 1] = repeats
  const channels = shape[1]! / times
  const [made] = runForward({ forward }, { ...call, outputs: undefined }, given) ?? []
  // What has numbers of its own for places fits no channel.
  const fits = made?.shape[0] === points && made.shape[1] === channels && made.data.length === points * channels
  return fits ? { data: made.data, channels, repeats: times } : undefined
}

function momentsOf({ data, channels, repeats }: Cloud): Moments {
  const mean = new Float64Array(channels * repeats)
  const variance = new Float64Array(channels * repeats)
  for (let c = 0; c < channels; c++) {
    let [sum, squares] = [0, 0]
    for (let k = 0; k < points; k++) sum += data[k * channels + c]!
    for (let k = 0; k < points; k++) squares += (data[k * channels + c]! - sum / points) ** 2
    mean.fill(sum / points, c * repeats, (c + 1) * repeats)
    variance.fill(squares / points, c * repeats, (c + 1) * repeats)
  }
  return { mean, variance }
}

/** The normal distribution in so many equally likely parts: the mean of each. */
function normalPoints(): Float64Array {
  const [from, step] = [-8, 2 ** -16]
  const sums = new Float64Array(points)
  const masses = new Float64Array(points)
  let below = 0
  for (let z = from + step / 2; z < -from; z += step) {
    const mass = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * step
    const part = Math.min(points - 1, Math.floor((below + mass / 2) * points))
    sums[part] = sums[part]! + mass * z
    masses[part] = masses[part]! + mass
    below += mass
  }
  return sums.map((sum, k) => sum / masses[k]!)
}
