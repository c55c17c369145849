import { productError, type Singular, singular, squares } from '../../algebra/index.ts'
import { isConcrete, type Turn } from '../../base/index.ts'
import { type GraphEditor, tensorOf, tensorValues } from '../../graph/index.ts'
import { convolutionRefusal, type Kernel, kernelOf, kernelShape } from '../convolution.ts'
import { factorAttributes, partOfMap } from '../factors.ts'
import type { Replaced, Rewrite, RewriteLayer, RewriteRefusal, Variant } from '../rewrite.ts'
import { numberSetting } from '../settings.ts'

/*
 * A k×k convolution in g groups, a shuffle, and a 1×1 convolution in g groups. The shuffle gives every group behind m channels of every group before, so that of W, seen as
 * g×g blocks of [C_out/g, C_in/g·k²], each block becomes a product of rank m: its first m singular vectors, which no other weights of this form come nearer than. With as many
 * channels in the middle as outputs m is C_out/g². What is lost is Σ over the blocks of Σ_{j > m} σ_j²; m = C_out/g loses nothing.
 */

/** Convolutions become grouped ones, a shuffle, and grouped 1×1 ones. */
export const grouped: Rewrite<{
  readonly groups: number
  /** Channels in the middle, as a multiple of the outputs; 1 by default, as in ShuffleNet. */
  readonly width: number
}> = {
  name: 'grouped',
  title: 'grouped convolutions with a shuffle',
  summary:
    'Convolutions become grouped ones (--groups), with a shuffle of channels and as many groups of 1×1 ones behind.',
  source: 'Zhang et al., ShuffleNet, CVPR 2018',
  settings: {
    groups: numberSetting(4, 'groups', { least: 2, whole: true }),
    width: numberSetting(1, 'channels in the middle, as a multiple of the outputs', { least: 0.001 }),
  },
  approximates: true,
  facts: { middle: 'Middle', energy: 'Energy' },

  refusal: (layer, { groups }) =>
    convolutionRefusal(layer, 'floating') ?? partOfMap(layer) ?? groupedRefusal(layer, groups),

  async variants(layer, { settings: { groups }, turn }) {
    const kernel = kernelOf(layer)
    const { size, lostAt } = await blocksOf(kernel, groups, turn)
    return Array.from({ length: mostRank(kernel, groups) }, (_, i): Variant<{ width: number }> => {
      const settings = { width: ((i + 1) * groups ** 2) / kernel.outChannels }
      return { settings, macs: macsPart(kernel, groups, i + 1), error: size > 0 ? lostAt(i + 1) / size : 0 }
    })
  },

  async replace(layer, { editor, settings: { groups, width }, turn }): Promise<Replaced> {
    const kernel = kernelOf(layer)
    const { inChannels, outChannels, window, taps, elementType } = kernel
    const rank = Math.min(mostRank(kernel, groups), Math.max(1, Math.round((width * outChannels) / groups ** 2)))
    const { blocks, lostAt, size } = await blocksOf(kernel, groups, turn)
    const middle = groups ** 2 * rank
    const [before, behind] = [
      new Float64Array(middle * (inChannels / groups) * taps),
      new Float64Array(outChannels * groups * rank),
    ]
    for (const { to, from, singular } of blocks) {
      const { left, right } = await singular.product(rank, turn)
      before.set(right, (from * groups + to) * right.length)
      // Behind the shuffle the j-th channel of a group before stands at j·g + group.
      for (let m = 0; m < outChannels / groups; m++)
        for (let j = 0; j < rank; j++)
          behind[((to * outChannels) / groups + m) * groups * rank + j * groups + from] = left[m * rank + j]!
    }
    const tensors = [
      tensorOf(elementType, [middle, inChannels / groups, ...window], before),
      tensorOf(elementType, [outChannels, groups * rank, ...window.map(() => 1)], behind),
    ] as const
    const error = await errorOf(blocks, tensors.map(tensorValues), { groups, rank, kernel }, turn)
    const [, weight] = layer.node.inputs
    const names = tensors.map((t, i) => editor.constant(`${weight}_${['grouped', 'pointwise'][i]}`, t))
    addNodes(editor, layer, kernel, groups, names)
    return {
      parameters: names.map((name) => ({ name, from: 'the layer' })),
      weightError: size > 0 ? Math.sqrt(error / size) : 0,
      facts: { middle, energy: size > 0 ? 1 - lostAt(rank) / size : 1 },
    }
  },
}

function groupedRefusal(layer: RewriteLayer, wanted: number): RewriteRefusal | undefined {
  const kernel = kernelShape(layer)
  if (!kernel) return { code: 'unknown-shape', why: 'the shape of its weights is not known' }
  const { groups, inChannels, outChannels, taps, window } = kernel
  if (groups * outChannels * inChannels * taps === 0) return { code: 'empty', why: 'it has no weights' }
  if (taps === 1) return { code: 'pointwise', why: `it is ${window.join('×')}: there is no window to take apart` }
  if (groups > 1 && inChannels === 1)
    return { code: 'depthwise', why: 'it is depthwise: each of its groups reads one channel already' }
  if (groups > 1) return { code: 'already', why: `it has ${groups} groups already` }
  for (const [what, channels] of [['input', inChannels] as const, ['output', outChannels] as const])
    if (channels % wanted !== 0)
      return { code: 'groups', why: `its ${channels} ${what} channels do not divide into ${wanted} groups` }
  return undefined
}

const mostRank = ({ outChannels, inChannels, taps }: Kernel, groups: number): number =>
  Math.min(outChannels / groups, (inChannels / groups) * taps)

const macsPart = ({ outChannels, inChannels, taps }: Kernel, groups: number, rank: number): number =>
  (groups * rank * (inChannels * taps + outChannels)) / (outChannels * inChannels * taps)

/** What one group behind the shuffle makes of one before. */
interface Block {
  readonly to: number
  readonly from: number
  readonly matrix: Float64Array
  readonly singular: Singular
}

async function blocksOf(kernel: Kernel, groups: number, turn: Turn) {
  const [rows, columns] = sizeOf(kernel, groups)
  const blocks: Block[] = []
  for (let to = 0; to < groups; to++)
    for (let from = 0; from < groups; from++) {
      const matrix = new Float64Array(rows * columns)
      for (let m = 0; m < rows; m++) {
        const at = ((to * rows + m) * groups + from) * columns
        matrix.set(kernel.values.subarray(at, at + columns), m * columns)
      }
      blocks.push({ to, from, matrix, singular: await singular(matrix, rows, columns, turn) })
    }
  const lostAt = (rank: number) =>
    blocks.reduce((sum, b) => sum + b.singular.energies.subarray(rank).reduce((a, e) => a + e, 0), 0)
  return { blocks, lostAt, size: squares(kernel.values) }
}

/** Of a block. */
const sizeOf = (
  { outChannels, inChannels, taps }: Kernel,
  groups: number,
): readonly [rows: number, columns: number] => [outChannels / groups, (inChannels / groups) * taps]

/** ‖W − W′‖² of weights as they are stored. */
async function errorOf(
  blocks: readonly Block[],
  [before, behind]: readonly Float64Array[],
  { groups, rank, kernel }: { readonly groups: number; readonly rank: number; readonly kernel: Kernel },
  turn: Turn,
): Promise<number> {
  const size = sizeOf(kernel, groups)
  let sum = 0
  for (const { to, from, matrix } of blocks) {
    const length = rank * size[1]
    const at = (from * groups + to) * length
    const left = Float64Array.from({ length: size[0] * rank }, (_, i) => {
      const [m, j] = [Math.floor(i / rank), i % rank]
      return behind![(to * size[0] + m) * groups * rank + j * groups + from]!
    })
    sum += await productError(matrix, size, { left, right: before!.subarray(at, at + length), rank }, turn)
  }
  return sum
}

function addNodes(
  editor: GraphEditor,
  { node, name, analysis }: RewriteLayer,
  { window }: Kernel,
  groups: number,
  [before, behind]: readonly string[],
): void {
  const [x = '', , ...bias] = node.inputs
  const fresh = (role: string) => editor.name(`${node.outputs[0]}_${role}`)
  const attributesOf = (weight: string, isSliding: boolean) => {
    const { shape } = editor.initializers.get(weight)!
    return factorAttributes(node, { role: '', shape, groups, slides: window.map(() => isSliding) })
  }
  const made = fresh('grouped')
  const label = editor.name(`${name}_grouped`)
  editor.add({ ...node, name: label, inputs: [x, before!], outputs: [made], attributes: attributesOf(before!, true) })
  const channels = editor.initializers.get(before!)!.shape[0]!
  const spatial = analysis.values.get(node.outputs[0]!)?.shape?.slice(2)
  const shuffled = addShuffle(editor, made, name, {
    channels,
    groups,
    spatial: isConcrete(spatial) ? spatial : undefined,
  })
  editor.add({ ...node, inputs: [shuffled, behind!, ...bias], attributes: attributesOf(behind!, false) })
}

/** Every next group gets some channels of each. Where sizes are open, they are read off the value when it is there. */
function addShuffle(
  editor: GraphEditor,
  x: string,
  label: string,
  {
    channels,
    groups,
    spatial,
  }: { readonly channels: number; readonly groups: number; readonly spatial: readonly number[] | undefined },
): string {
  const step = (op: string, role: string, inputs: readonly string[], attributes = {}) =>
    editor.node(op, inputs, attributes, {
      name: editor.name(`${label}_${role}`),
      outputs: [editor.name(`${x}_${role}`)],
    })
  const ints = (role: string, values: readonly number[]) => editor.ints(`${label}_${role}`, values)
  const places = spatial ?? [-1]
  const apart = step('Reshape', 'apart', [x, ints('apart_shape', [0, groups, channels / groups, ...places])])
  const axes = places.map((_, i) => i + 3)
  const dealt = step('Transpose', 'dealt', [apart], { perm: [0, 2, 1, ...axes] })
  const shape = spatial ? ints('shuffled_shape', [0, channels, ...spatial]) : step('Shape', 'shape', [x])
  return step('Reshape', 'shuffled', [dealt, shape])
}
