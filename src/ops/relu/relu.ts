import { float } from '../../graph/index.ts'
import { unary } from '../unary.ts'

/** Y = max(0, X) (ONNX Relu). dX = dY where Y > 0. */
export const relu = unary('Relu', {
  forward: (x) => Math.max(0, x),
  backward: ({ node, gradients, emit }) => [
    emit.node('ClipGradient', [gradients[0] as string, node.outputs[0] as string], { min: float(0) }, 'ai.kerf'),
  ],
  cost: { others: 1 },
  fusion: 'follower',
})
