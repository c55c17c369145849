import type { TrainingOf } from './operator.ts'
import { greatest } from './shared/range-rules.ts'
import { chosenBackward, variadic, variadicBackward } from './shared/variadic.ts'

/** Y = the greatest of the inputs, broadcast (ONNX Max). dY goes to the first input that is it. */
export const max = variadic('Max', {
  forward: (values) => Math.max(...values),
  cost: (n) => ({ others: n - 1 }),
  range: greatest,
})

export const maxTraining: TrainingOf<typeof max> = {
  backward: (call) => variadicBackward(call, (dy) => chosenBackward(call, dy, (x, y) => call.emit.node('Sub', [y, x]))),
}
