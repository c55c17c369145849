import type { Composite } from '../graph/index.ts'
import { Body } from './shared/body.ts'

/** C = Gelu(A + B), exact (com.microsoft BiasGelu). */
export const biasGelu: Composite = {
  name: 'BiasGelu',
  domain: 'com.microsoft',
  body(node, opset) {
    const body = new Body(opset)
    body.node('Gelu', [body.node('Add', ['A', 'B'])], {}, 'C', 'com.microsoft')
    return body.definition(node, ['A', 'B'], ['C'], 'Gelu')
  },
}

/** Y = FastGelu(X + bias) (com.microsoft FastGelu with a bias). */
export const fastGeluWithBias: Composite = {
  name: 'FastGelu',
  domain: 'com.microsoft',
  body(node, opset) {
    if (!node.inputs[1]) return undefined
    const body = new Body(opset)
    body.node('FastGelu', [body.node('Add', ['X', 'bias'])], {}, 'Y', 'com.microsoft')
    return body.definition(node, ['X', 'bias'], ['Y'], 'FastGelu')
  },
}
