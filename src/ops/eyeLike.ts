import type { ElementType } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { dense, required, typed, wrong } from './shared/check.ts'
import { fromIndices } from './shared/indices.ts'
import { elementTypeOf } from './shared/settings.ts'

interface EyeAttributes {
  readonly dtype: number | undefined
  readonly k: number
}

const eyeType = (call: Call<EyeAttributes>): ElementType | undefined =>
  call.attributes.dtype === undefined ? call.inputs[0]?.elementType : elementTypeOf(call, call.attributes.dtype)

/** A matrix of the shape of X with ones on diagonal k (ONNX EyeLike). */
export const eyeLike = defineOperator({
  name: 'EyeLike',
  inputs: ['input: numeric|bool'],
  attributes: (a): EyeAttributes => ({ dtype: a.int('dtype'), k: a.int('k', 0) }),
  infer: (call) => {
    const { shape } = required(call, 0)
    if (shape && shape.length !== 2) throw wrong(call, 'X should be a matrix')
    return [typed(eyeType(call), shape)]
  },
  forward: (call, [x]) => {
    const type = eyeType(call)
    if (!x || !type) return []
    const ones = fromIndices(x.shape, ([row, column]) => (column! - row! === call.attributes.k ? 1 : 0))
    return [dense(type, x.shape, ones)]
  },
  gradient: 'zero',
  cost: 'none',
})
