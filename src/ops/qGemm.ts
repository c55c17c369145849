import { elementCount } from '../base/index.ts'
import type { Call, Dense, InferredCall, Known, Ties } from '../graph/index.ts'
import { type GemmAttributes, gemm, gemmChannels, gemmReference } from './gemm.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { dense, required } from './shared/check.ts'
import { broadcastTo, shifted } from './shared/numbers.ts'
import { requantisationCost, sumOf } from './shared/quantised.ts'
import { requantised } from './shared/quantised-forward.ts'
import { renumbered } from './shared/renumbered.ts'

/*
 * y = saturate(round(((A − a_zp)'·(B − b_zp)' + C) · alpha·a_scale·b_scale/y_scale) + y_zp)        (com.microsoft QGemm)
 *
 * Inputs 0 A, 1 a_scale, 2 a_zero_point, 3 B, 4 b_scale, 5 b_zero_point, 6 C (int32), 7 y_scale, 8 y_zero_point; scale and zero point of B are
 * scalars or have one entry per column of the result. Without y_scale the result is float32 and not rounded.
 */

/** A, B and C as Gemm's inputs. */
const operands = [0, 3, 6]
/** Gemm's rules are those of this version of the standard operators. */
const opset = 13

function plain(call: Call<GemmAttributes>): Call<GemmAttributes> {
  const inputs = operands.map(
    (i): Known | undefined => call.inputs[i] && { elementType: 'float32', shape: call.inputs[i].shape },
  )
  const names = operands.map((i) => call.node.inputs[i] ?? '')
  return { node: { ...call.node, inputs: names }, attributes: { ...call.attributes, alpha: 1 }, opset, inputs }
}

export const qGemm = defineOperator({
  name: 'QGemm',
  domain: 'com.microsoft',
  inputs: [
    ...['A [_, _]', 'a_scale', 'a_zero_point', 'B [_, _]', 'b_scale', 'b_zero_point'],
    ...['C?', 'y_scale?', 'y_zero_point?'],
  ],
  attributes: (a): GemmAttributes => gemm.attributes(a, opset),
  infer: (call) => {
    const [y] = gemm.infer(plain(call))
    for (const input of [1, 2, 4, 5]) required(call, input)
    const type = call.inputs[7] ? (call.inputs[8]?.elementType ?? call.inputs[0]?.elementType) : 'float32'
    return [{ elementType: type, shape: y?.shape }]
  },
  cost: (call) => {
    const own = typeof gemm.cost === 'function' ? gemm.cost({ ...plain(call), outputs: call.outputs }) : {}
    const n = elementCount(call.outputs[0]?.shape)!
    return sumOf(own, call.inputs[7] ? requantisationCost(n) : { muls: n })
  },
  law: (call) => gemm.law?.({ ...plain(call), outputs: call.outputs }),
  parameters: [3, 6],
  fusion: 'anchor',
})

export function tieQGemm(call: InferredCall<GemmAttributes>, ties: Ties): void {
  gemmChannels.tie(
    { ...plain(call), outputs: call.outputs },
    renumbered(ties, (input) => operands[input]!),
  )
  const columns = call.inputs[3]?.shape?.[call.attributes.transB ? 0 : 1]
  for (const input of [4, 5]) {
    const shape = call.inputs[input]?.shape
    if (shape?.length === 1 && shape[0] === columns && columns !== 1)
      ties.unite(ties.labels(3, call.attributes.transB ? 0 : 1), ties.labels(input, 0))
  }
}

export const qGemmReference: ReferenceOf<typeof qGemm> = {
  forward: (call, [a, aScale, aZero, b, bScale, bZero, c, yScale, yZero]) => {
    if (!a || !aScale || !b || !bScale) return []
    const { alpha, transB } = call.attributes
    const perRow = (x: Dense | undefined): Dense | undefined =>
      x && transB && x.data.length > 1 ? { ...x, shape: [x.data.length, 1] } : x
    const wide = (x: { shape: readonly number[]; data: Float64Array }): Dense => dense('float64', x.shape, x.data)
    const given = [
      wide(shifted(a, aZero)),
      wide(shifted(b, perRow(bZero))),
      c && dense('float64', c.shape, Array.from(c.data)),
    ]
    const [product] = gemmReference.forward?.(plain(call), given) ?? []
    if (!product) return []
    const sums = { shape: product.shape, data: Float64Array.from(product.data) }
    const scale = dense(
      'float32',
      aScale.shape,
      Array.from(aScale.data, (s) => Math.fround(alpha * s)),
    )
    if (yScale) {
      const zero = yZero ?? dense(a.elementType, [], [0])
      return [requantised(sums, { a: scale, b: bScale, out: yScale }, zero)]
    }
    const columns = broadcastTo(bScale, sums.shape)
    const factor = scale.data[0]!
    return [
      dense(
        'float32',
        sums.shape,
        sums.data.map((v, i) => v * factor * columns[i]!),
      ),
    ]
  },
}
