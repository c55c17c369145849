import { AttributeReader, type Composite, type Node } from '../graph/index.ts'
import { Body, handedOn } from './shared/body.ts'

/*
 * LSTM whose weights are stored in 8 bits (com.microsoft DynamicQuantizeLSTM): W [D, I, 4·H] and R [D, H, 4·H], turned against those of LSTM, with a scale
 * and a zero point per direction [D] or per column [D, 4·H]. ONNX Runtime also rounds X and the states to 8 bits before each product; here they
 * stay as they are, so that results differ by that rounding.
 */

const attributes = [
  'activation_alpha',
  'activation_beta',
  'activations',
  'clip',
  'direction',
  'hidden_size',
  'input_forget',
]

export const dynamicQuantizeLSTM: Composite = {
  name: 'DynamicQuantizeLSTM',
  domain: 'com.microsoft',
  body(node, opset) {
    const body = new Body(opset)
    const sizes = sizesOf(node)
    const w = weights(body, 'W', sizes)
    const r = weights(body, 'R', sizes)
    const own = ['Y', 'Y_h', 'Y_c'].map((name, i) => (node.outputs[i] ? name : ''))
    const optional = ['B', 'lengths', 'h', 'c', 'P'].map((name, i) => (node.inputs[3 + i] ? name : ''))
    body.nodeOf('LSTM', ['X', w, r, ...optional], own, handedOn(attributes))
    const names = ['X', 'W', 'R', 'B', 'lengths', 'h', 'c', 'P', 'W_scale', 'W_zero', 'R_scale', 'R_zero']
    return body.definition(node, names, ['Y', 'Y_h', 'Y_c'], 'LSTM')
  },
}

interface Sizes {
  readonly directions: number
  /** 4·H. */
  readonly columns: number
}

function sizesOf(node: Node): Sizes {
  const reader = new AttributeReader(node)
  const directions = reader.string('direction', 'forward') === 'bidirectional' ? 2 : 1
  return { directions, columns: 4 * reader.int('hidden_size', 0) }
}

/** As LSTM takes them: every row of the turned weights has a scale and a zero point of its own. */
function weights(body: Body, name: string, { directions, columns }: Sizes): string {
  const perRow = (value: string) => {
    const known = body.node('Reshape', [value, body.ints(directions, -1)])
    return body.node('Reshape', [body.node('Expand', [known, body.ints(directions, columns)]), body.ints(-1)])
  }
  const turned = body.node('Transpose', [name], { perm: [0, 2, 1] })
  const rows = body.node('Reshape', [turned, body.ints(directions * columns, -1)])
  const real = body.node('DequantizeLinear', [rows, perRow(`${name}_scale`), perRow(`${name}_zero`)], { axis: 0 })
  return body.node('Reshape', [real, body.ints(directions, columns, -1)])
}
