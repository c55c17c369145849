import { largest } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { inferSoftmax, softmaxAttributes, softmaxForward, softmaxSizes } from './softmax.ts'

/** 1 at the first maximum, 0 elsewhere, the axis as in Softmax (ONNX Hardmax, opset 1, 11, 13). Cost per element: one comparison. */
export const hardmax = defineOperator({
  name: 'Hardmax',
  inputs: ['input'],
  attributes: softmaxAttributes,
  infer: inferSoftmax,
  gradient: 'zero',
  cost: (call) => ({ others: softmaxSizes(call).n }),
})

export const hardmaxReference: ReferenceOf<typeof hardmax> = {
  forward: (call, [x]) =>
    softmaxForward(call, x, (values) => {
      const first = values.indexOf(largest(values))
      return values.map((_, i) => (i === first ? 1 : 0))
    }),
}
