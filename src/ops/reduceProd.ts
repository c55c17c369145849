import type { TrainingOf } from './operator.ts'
import { reduction, reductionBackward } from './shared/reduce.ts'

/** Y = Π X along axes (ONNX ReduceProd). dX = dY·(product of the other X), which holds for zeros too. */
export const reduceProd = reduction('ReduceProd', {
  forward: (values) => values.reduce((a, b) => a * b, 1),
  perInput: { muls: 1 },
})

export const reduceProdTraining: TrainingOf<typeof reduceProd> = {
  backward: (call) =>
    reductionBackward(call, ({ mul, dy, x, axes }) => {
      const { emit } = call
      // For each axis, the products of those before and of those behind along it.
      let [value, gradient] = [x, '']
      for (const axis of axes) {
        const along = emit.ints([axis])
        const before = emit.node('CumProd', [value, along], { exclusive: 1 })
        const behind = emit.node('CumProd', [value, along], { exclusive: 1, reverse: 1 })
        const others = mul(before, behind)
        gradient = gradient === '' ? others : mul(gradient, others)
        value = emit.node('ReduceProd', [value], { axes: [axis] })
      }
      return gradient === '' ? dy : mul(dy, gradient)
    }),
}
