import { elementCount, type Shape, unknownDim } from '../../base/index.ts'
import type { Call, InferredCall } from '../../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from '../operator.ts'
import { commonType, typed, wrong } from '../shared/check.ts'
import { contractionCost } from '../shared/matrix.ts'
import { arithmetic } from '../shared/numbers.ts'
import { einsumBackward } from './backward.ts'
import { dots, equationOf, named, sizesOf } from './equation.ts'
import { contract } from './forward.ts'

/*
 * Y[out] = Σ over the indices that are not in `out` of Π operands        (ONNX Einsum, opset 12)
 *
 * `bij,bjk->bik` names an index for every axis; `...` stands for axes that are broadcast; without `->` the output has the dots and the
 * indices that occur once, in alphabetical order.
 */

function einsumShape(call: Call<string>): Shape | undefined {
  const equation = equationOf(call)
  const found = sizesOf(call, equation)
  if (!found) return undefined
  return equation.output.flatMap((s) => {
    if (s === dots) return found.broadcast
    const size = found.sizes.get(s)
    if (size === undefined) throw wrong(call, `the output's index ${s} is in no operand`)
    return [typeof size === 'number' ? size : size || unknownDim()]
  })
}

/** All combinations of indices; more than output elements where something is summed over. */
function combinations(call: Call<string>): number {
  const { sizes, broadcast } = sizesOf(call, equationOf(call))!
  return elementCount([...sizes.values(), ...broadcast])!
}

const contracts = (call: Call<string>): boolean => {
  const { operands, output } = equationOf(call)
  return operands.length > 1 && operands.some((t) => t.some((s) => !output.includes(s)))
}

/**
 * Two operands or more with something summed over are a contraction: a MAC for each combination of all indices (and, for operands beyond
 * the second, a multiplication each: the product is formed directly, not pair by pair). Without a sum: multiplications alone. One operand:
 * the additions of its sum, if any.
 */
function cost(call: InferredCall<string>) {
  const outputs = elementCount(call.outputs[0]?.shape)!
  const all = combinations(call)
  const operands = call.inputs.length
  if (!contracts(call))
    return operands > 1 ? { muls: (operands - 1) * all } : all > outputs ? { adds: all, accumulators: outputs } : {}
  const product = contractionCost(outputs, all / Math.max(1, outputs))
  return { ...product, muls: (product.muls ?? 0) + (operands - 2) * all }
}

export const einsum = defineOperator({
  name: 'Einsum',
  inputs: ['Inputs…: numeric'],
  attributes: (a) => a.string('equation', ''),
  infer: (call) => [typed(commonType(call, [...call.node.inputs.keys()]), einsumShape(call))],
  cost,
  parameters: 'operands',
  fusion: (call) => (contracts(call) ? 'anchor' : undefined),
})

export const einsumReference: ReferenceOf<typeof einsum> = {
  forward: (call, inputs) => {
    const operands = inputs.filter((x) => x !== undefined)
    const equation = equationOf(call)
    const found = sizesOf(call, equation)
    const [first] = operands
    if (!first || !found || operands.length < inputs.length) return []
    const sizes = new Map(found.sizes as Map<string, number>)
    found.broadcast.forEach((d, i) => {
      sizes.set(String(i - found.broadcast.length), d as number)
    })
    const shape = einsumShape(call) as readonly number[]
    const terms = operands.map((x, i) => named(equation.operands[i] ?? [], x.shape.length))
    return [
      arithmetic(first.elementType, {
        shape,
        data: contract(operands, terms, named(equation.output, shape.length), sizes),
      }),
    ]
  },
}

export const einsumTraining: TrainingOf<typeof einsum> = {
  backward: einsumBackward,
}
