import { chosenBackward, variadic } from './shared/variadic.ts'

/** Y = the greatest of the inputs, broadcast (ONNX Max). dY goes to the first input that is it. */
export const max = variadic('Max', {
  forward: (values) => Math.max(...values),
  backward: (call, dy) => chosenBackward(call, dy, (x, y) => call.emit.node('Sub', [y, x])),
  cost: (n) => ({ others: n - 1 }),
})
