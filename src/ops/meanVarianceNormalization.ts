import { elementCount } from '../base/index.ts'
import type { Call } from '../graph/index.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { derivative, shapeIn } from './shared/backward.ts'
import { required, typed } from './shared/check.ts'
import { normalisedOver, statisticsCost } from './shared/normalise.ts'
import { mapSets, momentsOf } from './shared/normalise-forward.ts'
import { arithmetic, doubles } from './shared/numbers.ts'
import { distinctAxes } from './shared/settings.ts'

const axesOf = (call: Call<readonly number[]>): number[] =>
  distinctAxes(call, call.attributes, required(call, 0).shape?.length ?? 0)

/**
 * Y = (X − mean) / deviation over `axes`, [0, 2, 3] by default: per channel over batch and space (ONNX MeanVarianceNormalization,
 * opset 9, 13). Cost: see `statisticsCost`, without scale and bias.
 */
export const meanVarianceNormalization = defineOperator({
  name: 'MeanVarianceNormalization',
  inputs: ['X: floating'],
  attributes: (a) => a.ints('axes', [0, 2, 3]),
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    if (shape) axesOf(call)
    return [typed(elementType, shape)]
  },
  cost: (call) => {
    const { n, statistics } = normalisedOver(call, axesOf(call))
    return statisticsCost(n, statistics, { mean: true, scale: false, bias: false })
  },
  fusion: 'follower',
})

export const meanVarianceNormalizationReference: ReferenceOf<typeof meanVarianceNormalization> = {
  forward: (call, [x]) => {
    if (!x) return []
    const values = doubles(x)
    const y = mapSets(values, axesOf(call), (start, offsets) => {
      const { mean, variance } = momentsOf(values.data, start, offsets)
      // What ONNX's function body adds against a division by 0.
      const deviation = Math.sqrt(variance) + 1e-9
      return (v) => (v - mean) / deviation
    })
    return [arithmetic(x.elementType, y)]
  },
}

export const meanVarianceNormalizationTraining: TrainingOf<typeof meanVarianceNormalization> = {
  // With the deviation σ and d = σ + 10⁻⁹: dX = (dY − mean(dY) − (x − μ)·mean(dY·y)/σ) / d; nothing passes where all elements are equal.
  backward: (call) =>
    derivative(call, ({ mul, add, sub, div, of, positive, dy, x, y }) => {
      const axes = axesOf(call)
      const count = elementCount(axes.map((axis) => shapeIn(call, 0)[axis]!))!
      const mean = (value: string) => div(call.emit.sum(value, axes), count)
      const centred = sub(x, mean(x))
      const deviation = of('Sqrt', mean(mul(centred, centred)))
      const along = mul(centred, div(mean(mul(dy, y)), deviation))
      return positive(deviation, div(sub(sub(dy, mean(dy)), along), add(deviation, 1e-9)), 0)
    }),
}
