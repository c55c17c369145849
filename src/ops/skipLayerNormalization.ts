import { AttributeReader, type Composite, float } from '../graph/index.ts'
import { Body } from './shared/body.ts'

/**
 * Y = LayerNormalization(X + skip + bias) over the last axis (com.microsoft SkipLayerNormalization). Inputs X, skip, gamma, beta, bias, the last two
 * optional; outputs Y, mean, inverse deviation, and the sum. Epsilon is 1e-12 where nothing is said.
 */
export const skipLayerNormalization: Composite = {
  name: 'SkipLayerNormalization',
  domain: 'com.microsoft',
  body(node, opset) {
    const body = new Body(opset)
    const has = (input: number) => Boolean(node.inputs[input])
    let sum = body.node('Add', ['X', 'skip'], {}, has(4) ? 'joined' : 'sum')
    if (has(4)) sum = body.node('Add', [sum, 'bias'], {}, 'sum')
    const wanted = ['Y', 'mean', 'deviation'].map((name, i) => (node.outputs[i] ? name : ''))
    while (wanted.at(-1) === '') wanted.pop()
    if (wanted.length > 0)
      body.nodeOf('LayerNormalization', [sum, 'gamma', ...(has(3) ? ['beta'] : [])], wanted, {
        axis: -1,
        epsilon: float(new AttributeReader(node).float('epsilon', 1e-12)),
      })
    return body.definition(
      node,
      ['X', 'skip', 'gamma', 'beta', 'bias'],
      ['Y', 'mean', 'deviation', 'sum'],
      'LayerNormalization',
    )
  },
}
