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
