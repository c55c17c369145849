import { elementCount } from '../../base/index.ts'
import { elementwise } from '../channel-rules.ts'
import { dense, required, typed, wrong } from '../check.ts'
import { defineOperator } from '../operator.ts'

export interface ClipAttributes {
  readonly min: number | undefined
  readonly max: number | undefined
}

/**
 * Y = min(max(X, min), max) (ONNX Clip). The bounds are attributes before opset 11, then optional scalar inputs; a missing one does not
 * bound. Cost per element: one comparison per bound.
 */
export const clip = defineOperator<ClipAttributes>({
  name: 'Clip',
  domain: '',
  attributes: (a, opset) =>
    opset < 11 ? { min: a.float('min'), max: a.float('max') } : { min: undefined, max: undefined },
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    for (const [i, name] of [
      [1, 'min'],
      [2, 'max'],
    ] as const) {
      const bound = call.inputs[i]?.shape
      if (bound && (elementCount(bound) ?? 1) !== 1) throw wrong(call, `${name} [${bound}] is not a scalar`)
    }
    return [typed(elementType, shape)]
  },
  forward: ({ attributes }, [x, min, max]) => {
    if (!x) return []
    const low = min?.data[0] ?? attributes.min ?? Number.NEGATIVE_INFINITY
    const high = max?.data[0] ?? attributes.max ?? Number.POSITIVE_INFINITY
    return [
      dense(
        x.elementType,
        x.shape,
        Array.from(x.data, (v) => Math.min(Math.max(v, low), high)),
      ),
    ]
  },
  cost: (call) => {
    const { min, max } = call.attributes
    const bounds = (call.inputs[1] || min !== undefined ? 1 : 0) + (call.inputs[2] || max !== undefined ? 1 : 0)
    return { others: bounds * (elementCount(call.outputs[0]?.shape) as number) }
  },
  fusion: 'follower',
  channels: elementwise,
})
