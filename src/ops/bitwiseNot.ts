import { bitsPerElement, type ElementType, elementCount } from '../base/index.ts'
import { defineOperator } from './operator.ts'
import { dense, required, typed } from './shared/check.ts'

const not = (type: ElementType, x: number): number =>
  type.startsWith('u') ? 2 ** bitsPerElement(type) - 1 - x : -1 - x

/** Y = ~X bit by bit (ONNX BitwiseNot). */
export const bitwiseNot = defineOperator({
  name: 'BitwiseNot',
  domain: '',
  attributes: () => undefined,
  infer: (call) => [typed(required(call, 0).elementType, required(call, 0).shape)],
  forward: (_, [x]) =>
    x
      ? [
          dense(
            x.elementType,
            x.shape,
            Array.from(x.data, (v) => not(x.elementType, v)),
          ),
        ]
      : [],
  cost: (call) => ({ others: elementCount(call.outputs[0]?.shape)! }),
})
