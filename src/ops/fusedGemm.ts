import { AttributeReader, type Composite } from '../graph/index.ts'
import { Body, handedOn } from './shared/body.ts'
import { addActivation } from './shared/fused-activation.ts'

/** Y = activation(Gemm(A, B, C)), its parameters in attributes of their own (com.microsoft FusedGemm). */
export const fusedGemm: Composite = {
  name: 'FusedGemm',
  domain: 'com.microsoft',
  body(node, opset) {
    const reader = new AttributeReader(node)
    const activation = reader.string('activation', '')
    const body = new Body(opset)
    const attributes = handedOn(['alpha', 'beta', 'transA', 'transB'])
    const inputs = ['A', 'B', ...(node.inputs[2] ? ['C'] : [])]
    const y = body.node('Gemm', inputs, attributes, activation === '' ? 'Y' : 'product')
    if (activation !== '') addActivation(body, node, activation, (name) => reader.float(`activation_${name}`), y, 'Y')
    return body.definition(node, ['A', 'B', 'C'], ['Y'], 'Gemm')
  },
}
