import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, required, typed } from './shared/check.ts'
import { eachLine, linesAlong } from './shared/indices.ts'
import { arithmetic } from './shared/numbers.ts'
import { runningAttributes, runningAxis } from './shared/running.ts'

/**
 * dX[j] = Π_{k<j} X[k] · S[j], where S[j] = dY[j] + X[j + 1] · S[j + 1]
 *
 * The gradient of CumProd without a division, so that it is right where X is 0. With `exclusive`, where Y[j] ends before X[j], S[j] = dY[j + 1] +
 * X[j + 1] · S[j + 1]. Inputs dY, X, axis; attributes as CumProd. In training graphs only. Cost per element: three multiplications, one addition.
 */
export const cumProdGradient = defineOperator({
  name: 'CumProdGradient',
  domain: 'ai.kerf',
  inputs: ['dY', 'X', 'axis'],
  attributes: runningAttributes,
  infer: (call) => [typed(commonType(call, [0, 1], 'floating'), required(call, 1).shape)],
  cost: (call) => {
    const count = elementCount(call.inputs[1]?.shape)!
    return { muls: 3 * count, adds: count }
  },
})

export const cumProdGradientReference: ReferenceOf<typeof cumProdGradient> = {
  forward: (call, [dy, x]) => {
    const axis = x && runningAxis(call, x.shape.length, 2)
    if (!dy || !x || axis === undefined) return []
    const { exclusive, reverse } = call.attributes
    const lines = linesAlong(x.shape, axis)
    const data = new Float64Array(x.data.length)
    eachLine(lines, (at) => {
      const place = (i: number) => at(reverse ? lines.size - 1 - i : i)
      const end = lines.size - 1
      let behind = 0
      for (let i = end; i >= 0; i--) {
        const next = i < end ? place(i + 1) : undefined
        const through = next === undefined ? 0 : x.data[next]! * behind
        const own = exclusive ? next : place(i)
        behind = through + (own === undefined ? 0 : dy.data[own]!)
        data[place(i)] = behind
      }
      let before = 1
      for (let i = 0; i <= end; i++) {
        const here = place(i)
        data[here] = data[here]! * before
        before *= x.data[here]!
      }
    })
    return [arithmetic(x.elementType, { shape: x.shape, data })]
  },
}
