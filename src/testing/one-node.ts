// A graph of one node, to ask an operator about: shapes, costs, values.

import { elementCount, type Shape } from '../base/index.ts'
import {
  type Arithmetic,
  type AttributeValue,
  analyse,
  GraphBuilder,
  type InferredCall,
  type Known,
  type Operator,
  type Tensor,
  tensorOf,
} from '../graph/index.ts'
import { operators } from '../ops/index.ts'

/** A float32 graph input of that shape; a stored tensor; a value of any type; or an optional input that is left out. */
export type NodeInput = Shape | Tensor | Known | undefined

export interface OneNodeOptions {
  /** 17 by default. */
  readonly opset?: number
  readonly domain?: string
  /** How many outputs the node names, 1 by default. */
  readonly outputs?: number
}

export interface OneNode {
  readonly operator: Operator
  readonly call: InferredCall
  readonly outputs: readonly (Known | undefined)[]
  /** Shapes of the outputs. */
  readonly shapes: readonly (Shape | undefined)[]
  /** What the node costs, without zeros. */
  readonly cost: Arithmetic
}

/** Small stored tensors. */
export const floatsOf = (...values: number[]): Tensor => tensorOf('float32', [values.length], values)
export const intsOf = (...values: number[]): Tensor => tensorOf('int64', [values.length], values)
export const scalarOf = (value: number): Tensor => tensorOf('float32', [], [value])
export const onesOf = (...shape: number[]): Tensor =>
  tensorOf('float32', shape, new Array<number>(elementCount(shape)!).fill(1))

/** Infers a node and counts it. */
export function oneNode(
  opType: string,
  inputs: readonly NodeInput[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  options: OneNodeOptions = {},
): OneNode {
  const { opset = 17, domain = '', outputs = 1 } = options
  const operator = operators.get(domain, opType)
  if (!operator) throw new Error(`no operator ${domain}:${opType}`)
  const b = new GraphBuilder('one', opset)
  const names = inputs.map((input, i) => {
    const name = `input${i}`
    if (!input) return ''
    if (Array.isArray(input)) return b.input(name, 'float32', input)
    if ('data' in input) return b.constant(name, input as Tensor)
    const known = input as Known
    return b.input(name, known.elementType ?? 'float32', known.shape ?? [])
  })
  const made = Array.from({ length: outputs }, (_, i) => `output${i}`)
  b.output(b.node(opType, names, attributes, { name: 'it', domain, outputs: made }))
  const inference = analyse(b.model(), operators)
  const found = [...inference.calls.values()][0]
  if (!found) throw new Error('the node was not inferred')
  const cost = typeof operator.cost === 'function' ? operator.cost(found.call) : {}
  return {
    operator,
    call: found.call,
    outputs: found.call.outputs,
    shapes: found.call.outputs.map((o) => o?.shape),
    cost: Object.fromEntries(Object.entries(cost).filter(([, n]) => n !== 0)),
  }
}
