import { elementCount, isConcrete, unknownDim } from '../base/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { contentOf, required, typed, wrong } from './shared/check.ts'
import { arithmetic } from './shared/numbers.ts'
import { shapeFromInput } from './shared/shape-input.ts'
import { slidingOf, tapTable } from './shared/sliding.ts'
import { windowAttributes } from './shared/window.ts'

/**
 * Puts columns back into an image, adding where they overlap (ONNX Col2Im). X [N, C · block, columns], image size at input 1, block size
 * at input 2; Y [N, C, image…]. Counted: one addition per element of X.
 */
export const col2Im = defineOperator({
  name: 'Col2Im',
  inputs: ['input [N, _, L]', 'image_shape: whole [D]', 'block_shape: whole [D]'],
  attributes: windowAttributes,
  infer: (call) => {
    const x = required(call, 0)
    const image = shapeFromInput(call, 1)
    const block = contentOf(call, 2)
    const taps = block && elementCount(block)!
    const [, rows, columns] = x.shape ?? []
    if (typeof rows === 'number' && taps && rows % taps !== 0)
      throw wrong(call, `${rows} rows do not divide into blocks of ${taps}`)
    if (typeof columns === 'number' && block && image && isConcrete(image)) {
      const { output } = slidingOf(call, call.attributes, block, image)
      if (elementCount(output) !== columns)
        throw wrong(
          call,
          `there are ${columns} columns, but ${output.join('×')} places for a block of ${block.join('×')} in ${image.join('×')}`,
        )
    }
    const channels = typeof rows === 'number' && taps ? rows / taps : unknownDim()
    return [typed(x.elementType, image && [x.shape?.[0] ?? unknownDim(), channels, ...image])]
  },
  cost: (call) => ({ adds: elementCount(call.inputs[0]?.shape)! }),
})

export const col2ImReference: ReferenceOf<typeof col2Im> = {
  forward: (call, [x]) => {
    const image = contentOf(call, 1)
    const block = contentOf(call, 2)
    if (!x || !image || !block) return []
    const table = tapTable(slidingOf(call, call.attributes, block, image))
    const [batch, rows, columns] = x.shape as [number, number, number]
    const taps = elementCount(block)!
    const size = elementCount(image)!
    const data = new Float64Array((batch * rows * size) / taps)
    // Row `channel · taps + t`, column p: what tap t of the block at position p holds.
    for (let row = 0; row < batch * rows; row++)
      for (let p = 0; p < columns; p++) {
        const at = table[p * taps + (row % taps)]!
        const to = Math.floor(row / taps) * size + at
        if (at >= 0) data[to] = data[to]! + x.data[row * columns + p]!
      }
    return [arithmetic(x.elementType, { shape: [batch, rows / taps, ...image], data })]
  },
}

export const col2ImTraining: TrainingOf<typeof col2Im> = {
  // Each tap takes what lies under it: a convolution of every channel by itself, with a filter per tap that is 1 there and 0 elsewhere.
  backward: (call) => {
    const { emit } = call
    const block = contentOf(call, 2)!
    const taps = elementCount(block)!
    const { pads, strides, dilations } = call.attributes
    const attributes = {
      kernel_shape: block,
      ...(pads && { pads }),
      ...(strides && { strides }),
      ...(dilations && { dilations }),
    }
    const [batch = 1, channels = 1, ...image] = shapeOut(call)
    const filters = Array.from({ length: taps * taps }, (_, i) => (i % (taps + 1) === 0 ? 1 : 0))
    const weight = emit.floats(filters, [taps, 1, ...block])
    const columns = emit.node(
      'Conv',
      [emit.reshape(gradientOf(call), [batch * channels, 1, ...image]), weight],
      attributes,
    )
    return [emit.reshape(columns, shapeIn(call, 0))]
  },
}
