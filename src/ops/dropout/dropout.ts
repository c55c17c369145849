import type { Known } from '../../graph/index.ts'
import { elementwise } from '../channel-rules.ts'
import { contentOf, dense, required, typed } from '../check.ts'
import { defineOperator } from '../operator.ts'

/**
 * Passes X through in inference (ONNX Dropout, opset 7, 10, 12 with ratio and training_mode as inputs, 13, 22); the second output, where
 * asked for, is the mask: of X's type before opset 10, then boolean. Counted as what it is in inference, where runtimes drop it: no
 * arithmetic, nothing moves. A graph with training_mode = true is counted the same way.
 */
export const dropout = defineOperator<void>({
  name: 'Dropout',
  domain: '',
  attributes: () => undefined,
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    const outputs: Known[] = [typed(elementType, shape), typed(call.opset < 10 ? elementType : 'bool', shape)]
    return outputs.slice(0, call.node.outputs.length)
  },
  forward: (call, [x]) => {
    const ratio = contentOf(call, 1)?.[0] ?? 0.5
    // What it drops in training is random.
    if (!x || (contentOf(call, 2)?.[0] && ratio > 0)) return []
    const mask = dense(call.opset < 10 ? x.elementType : 'bool', x.shape, new Uint8Array(x.data.length).fill(1))
    return [x, mask].slice(0, call.node.outputs.length)
  },
  cost: 'none',
  accesses: 'view',
  fusion: 'follower',
  channels: elementwise,
})
