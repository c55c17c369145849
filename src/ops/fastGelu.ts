import type { Composite } from '../graph/index.ts'
import { geluOf } from './gelu.ts'
import { Body } from './shared/body.ts'

/** Y = Gelu(X), approximated by tanh (com.microsoft FastGelu without a bias). */
export const fastGelu = geluOf('FastGelu', 'com.microsoft', () => true)

/** Y = FastGelu(X + bias). */
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
