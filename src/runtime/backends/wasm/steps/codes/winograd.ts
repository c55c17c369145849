import { codePanelHead, panelWidth, winogradGap, winogradProducts } from '../../engine/kernels.generated.ts'
import type { CodeWeights } from '../../packing/codes.ts'
import { oihw } from '../../packing/convolution.ts'
import type { ConvLayer } from '../convolution/sizes.ts'
import { takesWinograd, winogradBlocks, winogradSizes } from '../convolution/winograd.ts'
import { type Allocator, once, type Step, step } from '../step.ts'
import type { CodeTensors } from './tensors.ts'

/*
 * Calls of `winogradU8` (kernels/winograd-codes.ts): 3×3 convolutions of codes with stride 1, with 16 products of words for 36, exactly.
 */

/** Between the matrices of a block. */
const gaps = winogradProducts * winogradGap
/** The largest transformed pixel and weight: sums of 4 codes, and of 9. */
const mostPixel = 4 * 255
const mostWeight = (weights: CodeWeights): number => 9 * (weights instanceof Int8Array ? 128 : 255)

/** Whether the layer is done with fewer products than it has, and its sums stay within 32 bits. */
export const takesWinogradCodes = (layer: ConvLayer, weights: CodeWeights): boolean =>
  takesWinograd({ ...layer, outChannels: panelWidth * Math.floor(layer.outChannels / panelWidth) }) &&
  layer.inChannels % 8 === 0 &&
  layer.inChannels * mostPixel * mostWeight(weights) < 2 ** 31

export function lowerWinogradCodes(layer: ConvLayer, tensors: CodeTensors, alloc: Allocator): Step[] {
  const { inChannels, outChannels } = layer
  const { x, y, xPixel = inChannels, yPixel = outChannels, xZero, yZero, lo, hi } = tensors
  const perTile = winogradProducts * (2 * inChannels + 4 * panelWidth)
  return [
    step('winogradU8', {
      ...{
        x,
        y,
        xPixel,
        yPixel,
        xZero,
        outZero: yZero,
        lo: lo - yZero,
        hi: hi - yZero,
        weights: packed(layer, tensors, alloc),
      },
      ...winogradSizes(layer),
      ...winogradBlocks(layer, perTile, 2 * gaps + winogradProducts * inChannels, alloc),
    }),
  ]
}

/** For each 8 output channels 4 times their biases, i32, a quarter of their factors, floats, then 2G g 2Gᵀ as words [16][channel / 2][8][2]. */
function packed(
  { inChannels, outChannels }: ConvLayer,
  { weights, order, bias, factors }: CodeTensors,
  alloc: Allocator,
): number {
  const panels = Math.ceil(outChannels / panelWidth)
  const matrix = panelWidth * inChannels
  const panelBytes = codePanelHead + 2 * winogradProducts * matrix
  const { outChannel, inChannel, tap } = order ?? oihw(outChannels, inChannels, 9)
  return once(alloc, 'winograd codes', (take) => {
    const at = take(panels * panelBytes)
    for (let o = 0; o < outChannels; o++) {
      const column = o % panelWidth
      const head = at + panelBytes * Math.floor(o / panelWidth)
      new Int32Array(alloc.memory.buffer, head, panelWidth)[column] = 4 * (bias?.[o] ?? 0)
      new Float32Array(alloc.memory.buffer, head + codePanelHead / 2, panelWidth)[column] = factors[o]! / 4
      const words = new Int16Array(alloc.memory.buffer, head + codePanelHead, winogradProducts * matrix)
      for (let c = 0; c < inChannels; c++) {
        const to = 2 * (panelWidth * Math.floor(c / 2) + column) + (c % 2)
        transformFilter(words, to, matrix, weights, o * outChannel + c * inChannel, tap)
      }
    }
    return at
  })
}

/** 2G g 2Gᵀ of one filter and channel; `step` lies between its 16 values. */
function transformFilter(words: Int16Array, to: number, step: number, g: CodeWeights, from: number, tap: number): void {
  for (let column = 0; column < 3; column++) {
    const [a, b, c] = [g[from + column * tap]!, g[from + (3 + column) * tap]!, g[from + (6 + column) * tap]!]
    rows[column] = 2 * a
    rows[3 + column] = a + b + c
    rows[6 + column] = a - b + c
    rows[9 + column] = 2 * c
  }
  for (let row = 0; row < 4; row++) {
    const [a, b, c] = [rows[3 * row]!, rows[3 * row + 1]!, rows[3 * row + 2]!]
    words[to + 4 * row * step] = 2 * a
    words[to + (4 * row + 1) * step] = a + b + c
    words[to + (4 * row + 2) * step] = a - b + c
    words[to + (4 * row + 3) * step] = 2 * c
  }
}

/** 2G g of the filter that is transformed. */
const rows = new Int32Array(12)
