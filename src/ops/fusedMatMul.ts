import { stridesOf } from '../base/index.ts'
import type { Call, Dense, Known } from '../graph/index.ts'
import { matMul, matMulReference } from './matMul/matMul.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { offsetOf } from './shared/indices.ts'
import { productChannels } from './shared/matrix.ts'
import { moved } from './shared/moved.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { sumOf } from './shared/quantised.ts'
import { renumbered } from './shared/renumbered.ts'

/*
 * Y = alpha · A'·B' (com.microsoft FusedMatMul), leading axes broadcast as in MatMul. transA and transB turn the last two axes of an operand; with
 * transBatchA and transBatchB its rows come first, before the leading axes: [M, …, K] is taken as […, M, K], before it is turned.
 */

export interface FusedMatMulAttributes {
  readonly alpha: number
  /** Per operand. */
  readonly turned: readonly boolean[]
  readonly rowsFirst: readonly boolean[]
}

/** Which axis of the stored operand each axis of the multiplied one is. */
export function operandAxes({ attributes, inputs }: Call<FusedMatMulAttributes>, input: number): number[] {
  const rank = inputs[input]?.shape?.length ?? 0
  const axes = Array.from({ length: rank }, (_, i) => i)
  if (rank > 2 && attributes.rowsFirst[input]) axes.splice(0, rank - 1, ...axes.slice(1, -1), 0)
  if (rank > 1 && attributes.turned[input]) axes.push(...axes.splice(-2).reverse())
  return axes
}

/** The call as one of MatMul, on operands as they are multiplied. */
export function plainProduct<C extends Call<FusedMatMulAttributes>>(call: C): Omit<C, 'attributes'> & Call<undefined> {
  const inputs = call.inputs.map((known, i): Known | undefined => {
    const { elementType, shape } = known ?? {}
    return known && { elementType, shape: shape && operandAxes(call, i).map((axis) => shape[axis]!) }
  })
  return { ...call, attributes: undefined, inputs }
}

function multiplied(call: Call<FusedMatMulAttributes>, x: Dense, input: number): Dense {
  const axes = operandAxes(call, input)
  const strides = stridesOf(x.shape)
  const own = axes.map((axis) => strides[axis]!)
  const shape = axes.map((axis) => x.shape[axis]!)
  return moved(x, shape, (index) => offsetOf(own, index))
}

export const fusedMatMul = defineOperator({
  name: 'FusedMatMul',
  domain: 'com.microsoft',
  inputs: ['A', 'B'],
  attributes: (a): FusedMatMulAttributes => ({
    alpha: a.float('alpha', 1),
    turned: ['transA', 'transB'].map((name) => a.flag(name)),
    rowsFirst: ['transBatchA', 'transBatchB'].map((name) => a.flag(name)),
  }),
  infer: (call) => matMul.infer(plainProduct(call)),
  cost: (call) => {
    const own = typeof matMul.cost === 'function' ? matMul.cost({ ...plainProduct(call), outputs: call.outputs }) : {}
    return call.attributes.alpha === 1 ? own : sumOf(own, { muls: own.accumulators })
  },
  law: (call) => matMul.law?.({ ...plainProduct(call), outputs: call.outputs }),
  parameters: [0, 1],
  fusion: 'anchor',
})

export const fusedMatMulChannels: ChannelsOf<typeof fusedMatMul> = {
  tie: (call, ties) => {
    const axisOf = (input: number, axis: number) => operandAxes(call, input)[axis]!
    productChannels({ a: 0, b: 1 }).tie(plainProduct(call), {
      ...renumbered(ties, (input) => input),
      labels: (input, axis) => ties.labels(input, axisOf(input, axis)),
      isTracked: (input, axis) => ties.isTracked(input, axisOf(input, axis)),
      root: (input, axis, kind, options) =>
        ties.root(input, axisOf(input, axis), kind, {
          ...options,
          sums: options?.sums && { input: options.sums.input, axis: axisOf(options.sums.input, options.sums.axis) },
        }),
    })
  },
  zeros: () => [[0], [1]],
}

export const fusedMatMulReference: ReferenceOf<typeof fusedMatMul> = {
  forward: (call, inputs) => {
    const [a, b] = inputs.map((x, i) => x && multiplied(call, x, i))
    const [product] = a && b ? (matMulReference.forward?.(plainProduct(call), [a, b]) ?? []) : []
    if (!product) return []
    const { shape, data } = doubles(product)
    return [arithmetic(product.elementType, { shape, data: data.map((v) => call.attributes.alpha * v) })]
  },
}

export const fusedMatMulTraining: TrainingOf<typeof fusedMatMul> = {
  unrolled: (call, emit) => {
    const [a, b] = call.node.inputs.map((name, i) => {
      const perm = operandAxes(call, i)
      return perm.every((axis, at) => axis === at) ? name : emit.node('Transpose', [name], { perm })
    })
    const product = emit.node('MatMul', [a!, b!])
    const { alpha } = call.attributes
    return [alpha === 1 ? product : emit.node('Mul', [product, emit.floats([alpha])])]
  },
}
