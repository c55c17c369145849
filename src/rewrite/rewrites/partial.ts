import { type Singular, singular, squares } from '../../algebra/index.ts'
import type { Turn } from '../../base/index.ts'
import { AttributeReader, type GraphEditor, opsetOf, tensorOf, tensorValues } from '../../graph/index.ts'
import { isOrderable, reorderChannels } from '../channel-order.ts'
import { convolutionRefusal, type Kernel, kernelOf, kernelShape } from '../convolution.ts'
import { factorAttributes, partOfMap } from '../factors.ts'
import type { Replaced, Rewrite, RewriteLayer, RewriteRefusal, Variant } from '../rewrite.ts'
import { numberSetting } from '../settings.ts'

/*
 * A k×k convolution of the channels S, and a 1×1 convolution of what it makes and of all other channels (T-shaped). Of W[:, i, :] of a channel i outside of S the tap stays
 * that reads the place itself; that of S, as a matrix [C_out, |S|·k²], becomes a product of rank |S|: the first singular vectors. What is lost is
 *
 *     Σ_{i ∉ S} Σ_{t ≠ centre} ‖W[:, i, t]‖² + Σ_{j > |S|} σ_j²(W[:, S, :])
 *
 * So S are the channels with most energy beside the centre. Where the layer before can store its filters in another order they come to stand first; else S is the best
 * window of channels that stand side by side. Either way a runtime with views moves no channel that is not convolved.
 */

/** Parts that a target chooses from. */
const parts = Array.from({ length: 16 }, (_, i) => (i + 1) / 16)

/** Convolutions become ones of a part of the channels, and 1×1 ones behind. */
export const partial: Rewrite<{
  /** Of the channels, those that are convolved; by default a quarter, as in FasterNet. */
  readonly part: number
}> = {
  name: 'partial',
  title: 'partial convolutions',
  summary:
    'Convolutions but the first become ones of a part of the channels (--part), those with most energy, and 1×1 ones behind; the other channels stay where they are.',
  source: 'Chen et al., FasterNet, CVPR 2023',
  settings: { part: numberSetting(0.25, 'part of the channels that is convolved', { least: 0.001, most: 1 }) },
  approximates: true,
  facts: { channels: 'Channels', order: 'Which', energy: 'Energy' },

  refusal: (layer) =>
    convolutionRefusal(layer, 'floating') ?? partOfMap(layer) ?? alreadyPartial(layer) ?? partialRefusal(layer),

  kept: ({ place }) =>
    place === 'first'
      ? 'the first convolution stays as it is: of the few channels of an image none is left over'
      : undefined,

  async variants(layer, { turn }) {
    const kernel = kernelOf(layer)
    const counts = [...new Set(parts.map((part) => countOf(kernel, part)))]
    const found: Variant<{ part: number }>[] = []
    for (const count of counts) {
      const { lost, size } = await split(layer, kernel, chosen(layer, kernel, count), turn)
      const settings = { part: count / kernel.inChannels }
      found.push({ settings, macs: macsPart(kernel, count), error: size > 0 ? lost / size : 0 })
    }
    return found
  },

  async replace(layer, { editor, settings, turn }): Promise<Replaced> {
    const kernel = kernelOf(layer)
    const { inChannels, outChannels, elementType, window } = kernel
    const centre = centreOf(layer)!
    const which = chosen(layer, kernel, countOf(kernel, settings.part))
    const { lost, size, product, rank } = await split(layer, kernel, which, turn)
    const { left, right } = await product(rank, turn)
    const columns = columnsOf(which, rank)
    const stored = (values: Float64Array, ...shape: readonly number[]) => tensorOf(elementType, shape, values)
    const spatial = stored(right, rank, which.count, ...window)
    const weights = pointwiseWeights(kernel, columns, left, centre)
    const pointwise = stored(weights, outChannels, columns.length, ...window.map(() => 1))
    const error = errorOf(kernel, which, columns, [tensorValues(spatial), tensorValues(pointwise)], centre)
    const [x = '', weight] = layer.node.inputs
    const names = [
      editor.constant(`${weight}_partial`, spatial),
      editor.constant(`${weight}_pointwise`, pointwise),
    ] as const
    const moved = which.moved ? reorderChannels(editor, x, which.order) : []
    addNodes(editor, layer, which, names, window)
    return {
      parameters: names.map((name) => ({ name, from: 'the layer' })),
      weightError: size > 0 ? Math.sqrt(error / size) : 0,
      reordered: new Map(moved.map((value) => [value, which.order])),
      facts: {
        channels: `${which.count} of ${inChannels}`,
        order: which.moved ? 'the best' : `${which.from} to ${which.from + which.count - 1}`,
        energy: size > 0 ? 1 - lost / size : 1,
      },
    }
  },
}

/** What a Split on channels gives, convolved and joined to the rest. */
function alreadyPartial({ node, analysis }: RewriteLayer): RewriteRefusal | undefined {
  const readers = analysis.consumers.get(node.outputs[0] ?? '') ?? []
  const isPart =
    analysis.producers.get(node.inputs[0] ?? '')?.opType === 'Split' && readers.some((r) => r.opType === 'Concat')
  return isPart ? { code: 'already', why: 'it convolves a part of the channels already' } : undefined
}

function partialRefusal(layer: RewriteLayer): RewriteRefusal | undefined {
  const kernel = kernelShape(layer)
  if (!kernel) return { code: 'unknown-shape', why: 'the shape of its weights is not known' }
  const { groups, inChannels, outChannels, taps, window } = kernel
  if (groups * outChannels * inChannels * taps === 0) return { code: 'empty', why: 'it has no weights' }
  if (taps === 1) return { code: 'pointwise', why: `it is ${window.join('×')}: there is no window to save` }
  if (groups > 1 && inChannels === 1)
    return { code: 'depthwise', why: 'it is depthwise: each of its groups reads one channel already' }
  if (groups > 1) return { code: 'grouped', why: `it has ${groups} groups: a part of its channels is none of each` }
  if (inChannels === 1) return { code: 'one-channel', why: 'it reads one channel, which has no part' }
  const strides = new AttributeReader(layer.node).ints('strides') ?? []
  if (strides.some((s) => s !== 1))
    return {
      code: 'stride',
      why: `it steps by ${strides.join('×')}, and channels that stay where they are keep their size`,
    }
  return centreOf(layer) === undefined
    ? { code: 'padding', why: 'its padding changes the size, and channels that stay where they are keep theirs' }
    : undefined
}

/** Which tap reads the place whose result it goes into; undefined where the result has another size, or none does. */
function centreOf(layer: RewriteLayer): number | undefined {
  const { window } = kernelShape(layer)!
  const a = new AttributeReader(layer.node)
  const [autoPad, dilations, pads] = [a.string('auto_pad') ?? 'NOTSET', a.ints('dilations'), a.ints('pads')]
  let tap = 0
  for (const [axis, k] of window.entries()) {
    const step = dilations?.[axis] ?? 1
    const reach = step * (k - 1)
    const half = { NOTSET: pads?.[axis] ?? 0, SAME_UPPER: reach >> 1, SAME_LOWER: reach - (reach >> 1), VALID: 0 }
    const before = half[autoPad as keyof typeof half] ?? 0
    const after = autoPad === 'NOTSET' ? (pads?.[window.length + axis] ?? 0) : autoPad === 'VALID' ? 0 : reach - before
    if (before + after !== reach || before % step !== 0) return undefined
    tap = tap * k + before / step
  }
  return tap
}

const countOf = ({ inChannels }: Pick<Kernel, 'inChannels'>, part: number): number =>
  Math.min(inChannels, Math.max(1, Math.round(part * inChannels)))

const macsPart = ({ inChannels, outChannels, taps }: Kernel, count: number): number => {
  const rank = Math.min(count, outChannels)
  return (rank * count * taps + outChannels * (rank + inChannels - count)) / (outChannels * inChannels * taps)
}

/** The channels that are convolved. */
interface Chosen {
  readonly count: number
  /** They are convolved in this order, and the others follow. */
  readonly order: readonly number[]
  /** Whether all channels must be stored in that order; else the ones that are convolved are those from `from` on. */
  readonly moved: boolean
  readonly from: number
}

function chosen(layer: RewriteLayer, kernel: Kernel, count: number): Chosen {
  const { inChannels } = kernel
  const energies = energiesBeside(kernel, centreOf(layer)!)
  const all = Array.from({ length: inChannels }, (_, i) => i)
  if (count < inChannels && isOrderable(layer.analysis, layer.node.inputs[0]!)) {
    const best = new Set(all.toSorted((a, b) => energies[b]! - energies[a]! || a - b).slice(0, count))
    const order = [...all.filter((i) => best.has(i)), ...all.filter((i) => !best.has(i))]
    return { count, order, moved: true, from: 0 }
  }
  const sumFrom = (start: number) => energies.subarray(start, start + count).reduce((sum, v) => sum + v, 0)
  const starts = Array.from({ length: inChannels - count + 1 }, (_, i) => i)
  const from = starts.reduce((best, start) => (sumFrom(start) > sumFrom(best) ? start : best), 0)
  const isIn = (i: number) => i >= from && i < from + count
  return { count, order: [...all.filter(isIn), ...all.filter((i) => !isIn(i))], moved: false, from }
}

/** Of each input channel ‖W[:, i, t]‖² of all taps but the centre. */
function energiesBeside({ inChannels, taps, values }: Kernel, centre: number): Float64Array {
  const energies = new Float64Array(inChannels)
  values.forEach((v, at) => {
    if (at % taps !== centre) energies[Math.floor(at / taps) % inChannels]! += v * v
  })
  return energies
}

/** Weights that fall into a product of those that are convolved, and the centre of the others. */
interface Split extends Pick<Singular, 'product'> {
  /** Channels that the convolution makes. */
  readonly rank: number
  /** ‖W − W′‖², and ‖W‖². */
  readonly lost: number
  readonly size: number
}

async function split(layer: RewriteLayer, kernel: Kernel, which: Chosen, turn: Turn): Promise<Split> {
  const { inChannels, outChannels, taps, values } = kernel
  const { count, order } = which
  const convolved = new Float64Array(outChannels * count * taps)
  for (let m = 0; m < outChannels; m++)
    for (let c = 0; c < count; c++) {
      const at = (m * inChannels + order[c]!) * taps
      convolved.set(values.subarray(at, at + taps), (m * count + c) * taps)
    }
  const { product, energies } = await singular(convolved, outChannels, count * taps, turn)
  const rank = Math.min(count, outChannels)
  const sum = (some: Iterable<number>) => [...some].reduce((a, b) => a + b, 0)
  const beside = energiesBeside(kernel, centreOf(layer)!)
  const lost = sum(order.slice(count).map((i) => beside[i]!)) + sum(energies.subarray(rank))
  return { product, rank, lost, size: squares(values) }
}

/** What the 1×1 convolution reads, in order: what the other one made, and channels that were kept. */
type Column = { readonly made: number } | { readonly kept: number }

function columnsOf({ count, order, moved, from }: Chosen, rank: number): Column[] {
  const made = Array.from({ length: rank }, (_, made): Column => ({ made }))
  const kept = order.slice(count).map((kept): Column => ({ kept }))
  const before = moved ? 0 : from
  return [...kept.slice(0, before), ...made, ...kept.slice(before)]
}

function pointwiseWeights(
  { inChannels, outChannels, taps, values }: Kernel,
  columns: readonly Column[],
  left: Float64Array,
  centre: number,
): Float64Array {
  const rank = left.length / outChannels
  const weights = new Float64Array(outChannels * columns.length)
  for (let m = 0; m < outChannels; m++)
    columns.forEach((column, c) => {
      const value =
        'made' in column ? left[m * rank + column.made]! : values[(m * inChannels + column.kept) * taps + centre]!
      weights[m * columns.length + c] = value
    })
  return weights
}

/** ‖W − W′‖² of weights as they are stored. */
function errorOf(
  { inChannels, outChannels, taps, values }: Kernel,
  { count, order }: Chosen,
  columns: readonly Column[],
  [spatial, pointwise]: readonly [ArrayLike<number>, ArrayLike<number>],
  centre: number,
): number {
  const rest = values.slice()
  for (let m = 0; m < outChannels; m++)
    columns.forEach((column, c) => {
      const factor = pointwise[m * columns.length + c]!
      if ('kept' in column) rest[(m * inChannels + column.kept) * taps + centre]! -= factor
      else
        for (let s = 0; s < count; s++)
          for (let t = 0; t < taps; t++)
            rest[(m * inChannels + order[s]!) * taps + t]! -= factor * spatial[(column.made * count + s) * taps + t]!
    })
  return squares(rest)
}

function addNodes(
  editor: GraphEditor,
  { node, name }: RewriteLayer,
  { count, order, moved, from }: Chosen,
  [spatial, pointwise]: readonly [string, string],
  window: readonly number[],
): void {
  const [x = '', , ...bias] = node.inputs
  const fresh = (role: string) => editor.name(`${node.outputs[0]}_${role}`)
  const after = order.length - count - (moved ? 0 : from)
  const sizes = [moved ? 0 : from, count, after]
  const values = sizes.map((size, i) => (size === 0 ? '' : fresh(['before', 'part', 'after'][i]!)))
  const taken = values.filter((value) => value !== '')
  const isWhole = taken.length === 1
  if (!isWhole)
    addSplit(
      editor,
      name,
      x,
      sizes.filter((size) => size > 0),
      taken,
    )
  const made = fresh('partial')
  const own = editor.initializers.get(spatial)!.shape
  editor.add({
    ...{ ...node, name: editor.name(`${name}_partial`), inputs: [isWhole ? x : values[1]!, spatial], outputs: [made] },
    attributes: factorAttributes(node, { role: 'partial', shape: own, groups: 1, slides: window.map(() => true) }),
  })
  const parts = values.map((value, i) => (i === 1 ? made : value)).filter((value) => value !== '')
  const joined = isWhole
    ? made
    : editor.node('Concat', parts, { axis: 1 }, { name: editor.name(`${name}_concat`), outputs: [fresh('concat')] })
  const behind = editor.initializers.get(pointwise)!.shape
  const attributes = factorAttributes(node, { role: '', shape: behind, groups: 1, slides: window.map(() => false) })
  editor.add({ ...node, inputs: [joined, pointwise, ...bias], attributes })
}

/** Sizes became an input with opset 13. */
function addSplit(
  editor: GraphEditor,
  name: string,
  x: string,
  sizes: readonly number[],
  outputs: readonly string[],
): void {
  const hasInput = opsetOf(editor.opsetImports, '') >= 13
  const inputs = hasInput ? [x, editor.ints(`${name}_sizes`, sizes)] : [x]
  editor.node(
    'Split',
    inputs,
    { axis: 1, ...(hasInput ? {} : { split: sizes }) },
    { name: editor.name(`${name}_split`), outputs },
  )
}
