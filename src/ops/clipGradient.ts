import { elementCount } from '../base/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { commonType, required, typed } from './shared/check.ts'
import { mapped } from './shared/moved.ts'

export interface ClipGradientAttributes {
  readonly min: number
  readonly max: number
}

/**
 * dX = dY where min < Y < max, 0 elsewhere: the gradient of Clip and Relu from their output Y (so that their input need not be kept). Inputs dY, Y;
 * attributes min and max, infinite by default. In training graphs only.
 */
export const clipGradient = defineOperator({
  name: 'ClipGradient',
  domain: 'ai.kerf',
  inputs: ['dY', 'Y'],
  attributes: (a): ClipGradientAttributes => ({
    min: a.float('min', Number.NEGATIVE_INFINITY),
    max: a.float('max', Number.POSITIVE_INFINITY),
  }),
  infer: (call) => [typed(commonType(call, [0, 1], 'floating'), required(call, 1).shape)],
  cost: (call) => ({ others: 2 * elementCount(call.outputs[0]?.shape)! }),
})

export const clipGradientReference: ReferenceOf<typeof clipGradient> = {
  forward: (call, [dy, y]) => {
    if (!dy || !y) return []
    const { min, max } = call.attributes
    const passes = (v: number) => v > min && v < max
    return [mapped(dy, (g, i) => (passes(y.data[i]!) ? g : 0))]
  },
}
