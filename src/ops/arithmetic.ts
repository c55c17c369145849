import { isFloating, isInteger, largest } from '../base/index.ts'
import type { BackwardCall } from '../graph/index.ts'
import type { TrainingsOf } from './operator.ts'
import { algebra } from './shared/backward.ts'
import { type BinaryOptions, binary, binaryBackward } from './shared/binary.ts'
import { contentOf } from './shared/check.ts'
import { greatest, summed } from './shared/range-rules.ts'
import { chosenBackward, variadic, variadicBackward } from './shared/variadic.ts'

const comparison = <const N extends string>(
  name: N,
  holds: (a: number, b: number) => unknown,
  takes?: BinaryOptions['takes'],
) => binary(name, { takes, forward: (a, b) => (holds(a, b) ? 1 : 0), cost: { others: 1 }, result: 'bool' })

const bitwise = <const N extends string>(name: N, of: (a: bigint, b: bigint) => bigint) =>
  binary(name, { forward: (a, b) => Number(of(BigInt(a), BigInt(b))), cost: { others: 1 }, takes: 'whole' })

/** Operators that work element by element on two tensors, or on any number of them, broadcast to one shape. */
export const arithmetic = {
  /** C = A + B (ONNX Add). dA = dB = dC. */
  add: binary('Add', {
    forward: (a, b) => a + b,
    cost: { adds: 1 },
    epilogue: () => ({ kind: 'sum' }),
    range: summed,
  }),
  /** C = A ∧ B (ONNX And). */
  and: comparison('And', (a, b) => a && b, 'bool'),
  /** C = A & B bit by bit (ONNX BitwiseAnd). */
  bitwiseAnd: bitwise('BitwiseAnd', (a, b) => a & b),
  /** C = A | B bit by bit (ONNX BitwiseOr). */
  bitwiseOr: bitwise('BitwiseOr', (a, b) => a | b),
  /** C = A ^ B bit by bit (ONNX BitwiseXor). */
  bitwiseXor: bitwise('BitwiseXor', (a, b) => a ^ b),
  /** C = A / B; integers are truncated toward zero (ONNX Div). dA = dC / B, dB = −dC·C / B. */
  div: binary('Div', {
    forward: (a, b, type) => (isInteger(type) ? Math.trunc(a / b) : a / b),
    cost: { others: 1 },
  }),
  /** C = whether A = B (ONNX Equal). */
  equal: comparison('Equal', (a, b) => a === b, 'any'),
  /** C = whether A > B (ONNX Greater). */
  greater: comparison('Greater', (a, b) => a > b),
  /** C = whether A ≥ B (ONNX GreaterOrEqual). */
  greaterOrEqual: comparison('GreaterOrEqual', (a, b) => a >= b),
  /** C = whether A < B (ONNX Less). */
  less: comparison('Less', (a, b) => a < b),
  /** C = whether A ≤ B (ONNX LessOrEqual). */
  lessOrEqual: comparison('LessOrEqual', (a, b) => a <= b),
  /** Y = the greatest of the inputs (ONNX Max). dY goes to the first input that is it. */
  max: variadic('Max', {
    takes: 'numeric',
    forward: (values) => largest(values),
    cost: (n) => ({ others: n - 1 }),
    range: greatest,
  }),
  /** Y = the mean of the inputs (ONNX Mean). */
  mean: variadic('Mean', {
    forward: (values) => values.reduce((a, b) => a + b, 0) / values.length,
    cost: (n) => ({ adds: n - 1, others: 1 }),
  }),
  /** Y = the least of the inputs (ONNX Min). dY goes to the first input that is it. */
  min: variadic('Min', {
    takes: 'numeric',
    forward: (values) => -largest(values.map((x) => -x)),
    cost: (n) => ({ others: n - 1 }),
  }),
  /** C = A · B (ONNX Mul). dA = dC·B, dB = dC·A. */
  mul: binary('Mul', { forward: (a, b) => a * b, cost: { muls: 1 } }),
  /** C = A ∨ B (ONNX Or). */
  or: comparison('Or', (a, b) => a || b, 'bool'),
  /**
   * Z = X^Y, of the element type of X (ONNX Pow). dX = dZ·Y·X^(Y − 1), dY = dZ·Z·ln X, 0 for X = 0 (where it is for Y > 0); no number for X < 0,
   * where powers exist for single exponents only.
   */
  pow: binary('Pow', {
    mixes: true,
    forward: (x, y, type) => (isInteger(type) ? Math.trunc(x ** y) : x ** y),
    cost: { others: 1 },
  }),
  /** C = A − B (ONNX Sub). dA = dC, dB = −dC. */
  sub: binary('Sub', { forward: (a, b) => a - b, cost: { adds: 1 } }),
  /** Y = the sum of the inputs (ONNX Sum). */
  sum: variadic('Sum', {
    forward: (values) => values.reduce((a, b) => a + b, 0),
    cost: (n) => ({ adds: n - 1 }),
    epilogue: () => ({ kind: 'sum' }),
    range: summed,
  }),
  /** C = A ⊻ B (ONNX Xor). */
  xor: comparison('Xor', (a, b) => !a !== !b, 'bool'),
}

/** The exponent in floating point, and less one. */
function exponents(call: BackwardCall): { y: string; less: () => string } {
  const { emit } = call
  const known = contentOf(call, 1)
  const { shape, elementType } = call.inputs[1] as { shape: readonly number[]; elementType: 'float32' }
  const [, given] = call.node.inputs as [string, string]
  const constant = (by: number) =>
    known &&
    emit.floats(
      known.map((v) => v - by),
      shape,
    )
  const y = isFloating(elementType) ? given : (constant(0) ?? emit.node('Cast', [given], { to: 1 }))
  return { y, less: () => constant(1) ?? emit.node('Sub', [y, emit.floats([1])]) }
}

export const arithmeticTraining: TrainingsOf<typeof arithmetic> = {
  add: { backward: (call) => binaryBackward(call, (dy) => [() => dy, () => dy]) },
  div: {
    backward: (call) =>
      binaryBackward(call, (dy, { node, emit }) => {
        const [b, c] = [node.inputs[1]!, node.outputs[0]!]
        const quotient = emit.node('Div', [dy, b])
        return [() => quotient, () => emit.node('Neg', [emit.node('Mul', [quotient, c])])]
      }),
  },
  max: {
    backward: (call) =>
      variadicBackward(call, (dy) => chosenBackward(call, dy, (x, y) => call.emit.node('Sub', [y, x]))),
  },
  mean: {
    backward: (call) =>
      variadicBackward(call, (dy) => {
        const part = call.emit.node('Div', [dy, call.emit.floats([call.node.inputs.length])])
        return call.node.inputs.map(() => part)
      }),
  },
  min: {
    backward: (call) =>
      variadicBackward(call, (dy) => chosenBackward(call, dy, (x, y) => call.emit.node('Sub', [x, y]))),
  },
  mul: {
    backward: (call) =>
      binaryBackward(call, (dy, { node: { inputs }, emit }) => [
        () => emit.node('Mul', [dy, inputs[1]!]),
        () => emit.node('Mul', [dy, inputs[0]!]),
      ]),
  },
  pow: {
    backward: (given) =>
      binaryBackward(given, (dz, call) => {
        const { mul, of, positive } = algebra(call.emit)
        const [x] = call.node.inputs as [string, string]
        const [z] = call.node.outputs as [string]
        const { y, less } = exponents(call)
        const power = () => (contentOf(call, 1)?.every((v) => v === 2) ? x : call.emit.node('Pow', [x, less()]))
        return [() => mul(dz, mul(y, power())), () => mul(dz, positive(of('Abs', x), mul(z, of('Log', x)), 0))]
      }),
  },
  sub: { backward: (call) => binaryBackward(call, (dy, { emit }) => [() => dy, () => emit.node('Neg', [dy])]) },
  sum: { backward: (call) => variadicBackward(call, (dy) => call.node.inputs.map(() => dy)) },
}
