import { NodeError } from '../../base/index.ts'
import { type Node, nodeLabel, tensorOf } from '../../graph/index.ts'
import { asFloats, type Body } from './body.ts'

/*
 * What ONNX Runtime's optimiser fuses into a layer: an activation, named by an attribute, and its parameters.
 */

/** Parameters in the order in which FusedConv lists them. */
const parameterNames: Readonly<Record<string, readonly string[]>> = {
  Relu: [],
  Tanh: [],
  Sigmoid: [],
  Softplus: [],
  Softsign: [],
  LeakyRelu: ['alpha'],
  ThresholdedRelu: ['alpha'],
  Elu: ['alpha'],
  Selu: ['alpha', 'gamma'],
  HardSigmoid: ['alpha', 'beta'],
  Clip: ['min', 'max'],
}

/**
 * Adds output = activation(x).
 * @param parameterOf a parameter by its name and its place; undefined: the operator's default
 * @throws NodeError `wrong-node` for an activation that there is not
 */
export function addActivation(
  body: Body,
  node: Node,
  activation: string,
  parameterOf: (name: string, place: number) => number | undefined,
  x: string,
  output: string,
): void {
  const names = parameterNames[activation]
  if (!names)
    throw new NodeError('wrong-node', {
      opType: node.opType,
      node: nodeLabel(node),
      problem: `there is no activation "${activation}"`,
      remedy: `There are ${Object.keys(parameterNames).join(', ')}.`,
    })
  const values = names.flatMap((name, i) => {
    const value = parameterOf(name, i)
    return value === undefined ? [] : [[name, value] as const]
  })
  // The bounds of Clip became inputs with opset 11.
  if (activation === 'Clip' && body.version >= 11) {
    const given = new Map<string, number>(values)
    const bound = (name: string) => {
      const value = given.get(name)
      return value === undefined ? '' : body.constant(tensorOf('float32', [], [value]))
    }
    body.node(activation, [x, bound('min'), bound('max')], {}, output)
  } else body.node(activation, [x], asFloats(Object.fromEntries(values)), output)
}
