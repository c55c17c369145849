import { KerfError, type Random, seededRandom, seedFrom } from '../../base/index.ts'
import { type GraphEditor, type Model, type Node, type Tensor, tensorValues } from '../../graph/index.ts'
import type { Layer } from './layers.ts'
import { rowsOf } from './rows.ts'
import type { ChannelValue } from './values.ts'

/*
 * What every channel adds to a linear layer y = Σ_c v_c ∗ a_c. The same node with other weights tells: an output for each channel, made of that channel alone,
 * by Σ_o r_o·v_co with signs r_o. So no window, stride or padding need be known. For independent signs E[(Σ_{c∈T} Σ_o r_o y_co)²] = Σ_o (Σ_{c∈T} y_co)².
 */

/** A layer that is put beside the network, to tell its channels' contributions. */
export interface SignedLayer {
  readonly layer: Layer
  /** Where the contributions are. */
  readonly value: ChannelValue
  /** The input that holds its weights. */
  readonly weight: string
  readonly shape: readonly number[]
  put(editor: GraphEditor): void
  /** Draws signs, and writes the weights that follow from them. */
  draw(into: Float32Array): void
}

/** @throws KerfError `unknown-value` */
export const signedLayers = (
  macs: ReadonlyMap<Node, number>,
  layers: readonly Layer[],
  { graph }: Model,
  seed = 0,
): SignedLayer[] =>
  [...new Set(layers)].map((layer, i) => {
    const tensor = graph.initializers.get(layer.tensor)
    // A layer of several nodes tells by the first of them.
    const [node] = layer.nodes
    const made = layer.outputs?.of()
    if (!tensor || !node || !layer.outputs || !made || !macs.has(node) || !liesFirst(layer))
      throw new KerfError(
        'unknown-value',
        `What the channels that ${layer.node} reads add to what it makes cannot be told apart: it is no linear layer with stored weights. Leave it alone (--keep '${layer.node}'), or take another criterion.`,
        { node: layer.node },
      )
    const [weight, value] = [`contributions${i}/weight`, `contributions${i}`]
    const { shape, write } = alone(layer, layer.outputs.axis, tensor)
    const random = seededRandom(seedFrom(seed, `contributions ${layer.tensor}`))
    return {
      ...{ layer, value: { value, axis: made.axis }, weight, shape },
      put(editor) {
        editor.input(weight, 'float32', shape)
        const slot = node.inputs.indexOf(layer.tensor)
        const inputs = node.inputs.map((name, at) =>
          at === slot ? weight : at > slot && graph.initializers.has(name) ? '' : name,
        )
        while (inputs.at(-1) === '') inputs.pop()
        editor.add({ ...node, name: value, inputs, outputs: [value] })
      },
      draw: (into) => write(into, random),
    }
  })

/** The weights of a layer with an output for each channel that it reads. */
function alone({ weight, channels }: Layer, outputs: NonNullable<Layer['outputs']>['axis'], tensor: Tensor) {
  const values = Float64Array.from(tensorValues(tensor) as ArrayLike<number>)
  // Of every channel all weights that read it, output by output.
  const groups = groupsOf(weight.axis, outputs)
  const rows = rowsOf(values, tensor.shape, weight.axis)
  const perBlock = channels / groups
  // Along both axes there are channels now: all along the first, a block's along the second.
  const window = tensor.shape.slice(2)
  const shape = [channels, perBlock, ...window]
  const kernel = window.reduce((product, d) => product * d, 1)
  const perRow = rows[0]!.length / kernel
  return {
    shape,
    write(into: Float32Array, random: Random) {
      into.fill(0)
      const sums = new Float64Array(kernel)
      const signs = Float64Array.from({ length: perRow * groups }, () => (random.uniform() < 0.5 ? -1 : 1))
      for (let c = 0; c < channels; c++) {
        const first = Math.floor(c / perBlock) * perRow
        const row = rows[c]!
        sums.fill(0)
        for (let o = 0, at = 0; o < perRow; o++) {
          const drawn = signs[first + o]!
          for (let k = 0; k < kernel; k++, at++) sums[k] = sums[k]! + drawn * row[at]!
        }
        into.set(sums, (c * perBlock + (c % perBlock)) * kernel)
      }
    },
  }
}

const axisOf = (axis: Layer['weight']['axis']): number => (typeof axis === 'number' ? axis : axis.axis)

/** Whether inputs and outputs are the first two axes of the weight. */
const liesFirst = ({ weight, outputs }: Layer): boolean => axisOf(weight.axis) + axisOf(outputs!.axis) === 1

const groupsOf = (...axes: NonNullable<Layer['outputs']>['axis'][]): number =>
  axes.reduce<number>((groups, axis) => (typeof axis === 'number' ? groups : axis.groups), 1)
