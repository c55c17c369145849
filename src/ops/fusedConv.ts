import { AttributeReader, type Composite } from '../graph/index.ts'
import { convAttributeNames } from './conv/attributes.ts'
import { Body, handedOn } from './shared/body.ts'
import { addActivation } from './shared/fused-activation.ts'

/** Y = activation(Conv(X, W, B) + Z), Z and the activation optional (com.microsoft FusedConv). */
export const fusedConv: Composite = {
  name: 'FusedConv',
  domain: 'com.microsoft',
  body(node, opset) {
    const reader = new AttributeReader(node)
    const activation = reader.string('activation', '')
    const parameters = reader.floats('activation_params') ?? []
    const body = new Body(opset)
    const [hasSum, hasActivation] = [Boolean(node.inputs[3]), activation !== '']
    const own = hasSum || hasActivation ? 'convolved' : 'Y'
    let y = body.node('Conv', ['X', 'W', ...(node.inputs[2] ? ['B'] : [])], handedOn(convAttributeNames), own)
    if (hasSum) y = body.node('Add', [y, 'Z'], {}, hasActivation ? 'sum' : 'Y')
    if (hasActivation) addActivation(body, node, activation, (_, i) => parameters[i], y, 'Y')
    return body.definition(node, ['X', 'W', 'B', 'Z'], ['Y'], 'Conv')
  },
}
