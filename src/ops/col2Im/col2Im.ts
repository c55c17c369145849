import { elementCount, unknownDim } from '../../base/index.ts'
import { mixes } from '../channel-rules.ts'
import { contentOf, required, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'
import { shapeFromInput } from '../shape-input.ts'

/**
 * Puts columns back into an image, adding where they overlap (ONNX Col2Im). X [N, C · block, columns], image size at input 1, block size
 * at input 2; Y [N, C, image…]. Counted: one addition per element of X.
 */
export const col2Im = defineOperator<void>({
  name: 'Col2Im',
  domain: '',
  attributes: () => undefined,
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
  cost: (call) => ({ adds: elementCount(call.inputs[0]?.shape) as number }),
  channels: mixes('Col2Im unfolds channels'),
})
