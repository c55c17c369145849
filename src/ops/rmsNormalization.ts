import { elementCount } from '../base/index.ts'
import { firstAxis, trailingAttributes } from './layerNormalization.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { algebra, gradientOf, shapeIn } from './shared/backward.ts'
import { required, typed } from './shared/check.ts'
import { checkBroadcastsTo, normalisedOver, statisticsCost, trailing } from './shared/normalise.ts'
import { mapSets, scaledAndShifted } from './shared/normalise-forward.ts'
import { arithmetic, broadcastTo, doubles } from './shared/numbers.ts'

/**
 * y = x / √(mean(x²) + epsilon) · scale, the mean over all axes from `axis` (-1) on (ONNX RMSNormalization, opset 23). X any shape, scale
 * broadcasts to it. Cost: see `statisticsCost`, without a mean.
 */
export const rmsNormalization = defineOperator({
  name: 'RMSNormalization',
  inputs: ['X: floating', 'scale: floating'],
  attributes: trailingAttributes,
  infer: (call) => {
    const { shape, elementType } = required(call, 0)
    const scale = required(call, 1)
    if (shape) firstAxis(call)
    checkBroadcastsTo(call, [1], shape)
    return [typed(scale.elementType ?? elementType, shape)]
  },
  cost: (call) => {
    const { n, statistics } = normalisedOver(call, trailing(call, firstAxis(call)))
    return statisticsCost(n, statistics, { mean: false, scale: true, bias: false })
  },
  parameters: [1],
  fusion: 'follower',
})

export const rmsNormalizationReference: ReferenceOf<typeof rmsNormalization> = {
  forward: (call, [x, scale]) => {
    if (!x || !scale) return []
    const values = doubles(x)
    const y = mapSets(values, trailing(call, firstAxis(call)), (start, offsets) => {
      const squares = offsets.reduce((sum, offset) => sum + values.data[start + offset]! ** 2, 0)
      const root = Math.sqrt(squares / offsets.length + call.attributes.epsilon)
      return (v) => v / root
    })
    return [arithmetic(scale.elementType, scaledAndShifted(y, broadcastTo(scale, x.shape), undefined))]
  },
}

export const rmsNormalizationTraining: TrainingOf<typeof rmsNormalization> = {
  // With r = 1/√(mean(x²) + ε) and g = dY·scale: dX = r·g − r³·x·mean(g·x); dscale = Σ dY·x·r.
  backward: (call) => {
    const { emit } = call
    const { mul, add, sub, div, of } = algebra(emit)
    const [x, scale] = call.node.inputs as [string, string]
    const shape = shapeIn(call, 0)
    const axes = trailing(call, firstAxis(call))
    const count = elementCount(axes.map((axis) => shape[axis]!))!
    const mean = (value: string) => div(emit.sum(value, axes), count)
    const root = of('Sqrt', add(mean(mul(x, x)), call.attributes.epsilon))
    const dy = gradientOf(call)
    const toX = () => {
      const normalised = div(x, root)
      const g = mul(dy, scale)
      return div(sub(g, mul(normalised, mean(mul(g, normalised)))), root)
    }
    return [
      call.needs(0) ? toX() : undefined,
      call.needs(1) ? emit.unbroadcast(mul(dy, div(x, root)), shape, shapeIn(call, 1)) : undefined,
    ]
  },
}
