import { elementCount, unknownDim } from '../../base/index.ts'
import { mixes } from '../channel-rules.ts'
import { contentOf, required, typed, wrong } from '../check.ts'
import { arithmetic } from '../numbers.ts'
import { defineOperator } from '../operator.ts'
import { shapeFromInput } from '../shape-input.ts'
import { slidingOf, tapTable } from '../sliding.ts'
import { type Window, windowAttributes } from '../window.ts'

/**
 * Puts columns back into an image, adding where they overlap (ONNX Col2Im). X [N, C · block, columns], image size at input 1, block size
 * at input 2; Y [N, C, image…]. Counted: one addition per element of X.
 */
export const col2Im = defineOperator<Window>({
  name: 'Col2Im',
  domain: '',
  attributes: windowAttributes,
  infer: (call) => {
    const x = required(call, 0)
    required(call, 1)
    required(call, 2)
    const image = shapeFromInput(call, 1)
    const block = contentOf(call, 2)?.reduce((a, b) => a * b, 1)
    const columns = x.shape?.[1]
    if (typeof columns === 'number' && block && columns % block !== 0)
      throw wrong(call, `${columns} rows do not divide into blocks of ${block}`)
    const channels = typeof columns === 'number' && block ? columns / block : unknownDim()
    return [typed(x.elementType, image && [x.shape?.[0] ?? unknownDim(), channels, ...image])]
  },
  forward: (call, [x]) => {
    const image = contentOf(call, 1)
    const block = contentOf(call, 2)
    if (!x || !image || !block) return []
    const table = tapTable(slidingOf(call, call.attributes, block, image))
    const [batch, rows, columns] = x.shape as [number, number, number]
    const taps = elementCount(block) as number
    const size = elementCount(image) as number
    const data = new Float64Array((batch * rows * size) / taps)
    // Row `channel · taps + t`, column p: what tap t of the block at position p holds.
    for (let row = 0; row < batch * rows; row++)
      for (let p = 0; p < columns; p++) {
        const at = table[p * taps + (row % taps)] as number
        const to = Math.floor(row / taps) * size + at
        if (at >= 0) data[to] = (data[to] as number) + (x.data[row * columns + p] as number)
      }
    return [arithmetic(x.elementType, { shape: [batch, rows / taps, ...image], data })]
  },
  cost: (call) => ({ adds: elementCount(call.inputs[0]?.shape) as number }),
  channels: mixes('Col2Im unfolds channels'),
})
