import { bitsPerElement, type ElementType, roundTiesToEven } from '../base/index.ts'
import { derivatives } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/** The other bits, as their type counts them. */
const otherBits = (x: number, type: ElementType): number =>
  type.startsWith('u') ? 2 ** bitsPerElement(type) - 1 - x : -1 - x

/** One function value per element. */
const cost = { others: 1 }

/** Elementary functions of every element by itself. */
export const functions = {
  /** Y = |X| (ONNX Abs). dX = dY·sign X. */
  abs: unary('Abs', { takes: 'numeric', forward: Math.abs, cost }),
  /** Y = acos(X) (ONNX Acos). dX = −dY / √(1 − X²). */
  acos: unary('Acos', { forward: Math.acos, cost }),
  /** Y = acosh(X) (ONNX Acosh). dX = dY / √(X² − 1). */
  acosh: unary('Acosh', { forward: Math.acosh, cost }),
  /** Y = asin(X) (ONNX Asin). dX = dY / √(1 − X²). */
  asin: unary('Asin', { forward: Math.asin, cost }),
  /** Y = asinh(X) (ONNX Asinh). dX = dY / √(X² + 1). */
  asinh: unary('Asinh', { forward: Math.asinh, cost }),
  /** Y = atan(X) (ONNX Atan). dX = dY / (1 + X²). */
  atan: unary('Atan', { forward: Math.atan, cost }),
  /** Y = atanh(X) (ONNX Atanh). dX = dY / (1 − X²). */
  atanh: unary('Atanh', { forward: Math.atanh, cost }),
  /** Y = ~X bit by bit (ONNX BitwiseNot). */
  bitwiseNot: unary('BitwiseNot', { takes: 'whole', forward: (x, _, type) => otherBits(x, type), cost }),
  /** Y = ⌈X⌉ (ONNX Ceil). */
  ceil: unary('Ceil', { forward: Math.ceil, gradient: 'zero', cost }),
  /** Y = cos(X) (ONNX Cos). dX = −dY·sin X. */
  cos: unary('Cos', { forward: Math.cos, cost }),
  /** Y = cosh(X) (ONNX Cosh). dX = dY·sinh X. */
  cosh: unary('Cosh', { forward: Math.cosh, cost }),
  /** Y = exp(X) (ONNX Exp). dX = dY·Y. */
  exp: unary('Exp', { forward: Math.exp, cost }),
  /** Y = ⌊X⌋ (ONNX Floor). */
  floor: unary('Floor', { forward: Math.floor, gradient: 'zero', cost }),
  /** Y = whether X is infinite, of a sign that is asked for: both by default (ONNX IsInf). */
  isInf: unary('IsInf', {
    attributes: (a) => ({ positive: a.flag('detect_positive', true), negative: a.flag('detect_negative', true) }),
    forward: (x, { positive, negative }) => ((positive && x === Infinity) || (negative && x === -Infinity) ? 1 : 0),
    cost,
    result: () => 'bool',
  }),
  /** Y = whether X is not a number (ONNX IsNaN). */
  isNan: unary('IsNaN', { forward: (x) => (Number.isNaN(x) ? 1 : 0), cost, result: () => 'bool' }),
  /** Y = ln(X) (ONNX Log). dX = dY / X. */
  log: unary('Log', { forward: Math.log, cost }),
  /** Y = −X (ONNX Neg). dX = −dY. */
  neg: unary('Neg', { takes: 'numeric', forward: (x) => (x === 0 ? 0 : -x), cost }),
  /** Y = ¬X (ONNX Not). */
  not: unary('Not', { takes: 'bool', forward: (x) => (x ? 0 : 1), cost, result: () => 'bool' }),
  /** Y = 1 / X (ONNX Reciprocal). dX = −dY·Y². */
  reciprocal: unary('Reciprocal', { forward: (x) => 1 / x, cost }),
  /** Y = X rounded to integers, halves to the even one (ONNX Round). */
  round: unary('Round', { forward: roundTiesToEven, gradient: 'zero', cost }),
  /** Y = −1, 0 or 1 (ONNX Sign). */
  sign: unary('Sign', { takes: 'numeric', forward: Math.sign, gradient: 'zero', cost }),
  /** Y = sin(X) (ONNX Sin). dX = dY·cos X. */
  sin: unary('Sin', { forward: Math.sin, cost }),
  /** Y = sinh(X) (ONNX Sinh). dX = dY·cosh X. */
  sinh: unary('Sinh', { forward: Math.sinh, cost }),
  /** Y = √X (ONNX Sqrt). dX = dY / 2Y. */
  sqrt: unary('Sqrt', { forward: Math.sqrt, cost }),
  /** Y = tan(X) (ONNX Tan). dX = dY·(1 + Y²). */
  tan: unary('Tan', { forward: Math.tan, cost }),
}

export const functionsTraining = /* @__PURE__ */ derivatives<typeof functions>({
  abs: ({ mul, of, dy, x }) => mul(dy, of('Sign', x)),
  acos: ({ mul, sub, div, of, dy, x }) => of('Neg', div(dy, of('Sqrt', sub(1, mul(x, x))))),
  acosh: ({ mul, sub, div, of, dy, x }) => div(dy, of('Sqrt', sub(mul(x, x), 1))),
  asin: ({ mul, sub, div, of, dy, x }) => div(dy, of('Sqrt', sub(1, mul(x, x)))),
  asinh: ({ mul, add, div, of, dy, x }) => div(dy, of('Sqrt', add(mul(x, x), 1))),
  atan: ({ mul, add, div, dy, x }) => div(dy, add(1, mul(x, x))),
  atanh: ({ mul, sub, div, dy, x }) => div(dy, sub(1, mul(x, x))),
  cos: ({ mul, of, dy, x }) => of('Neg', mul(dy, of('Sin', x))),
  cosh: ({ mul, of, dy, x }) => mul(dy, of('Sinh', x)),
  exp: ({ mul, dy, y }) => mul(dy, y),
  log: ({ div, dy, x }) => div(dy, x),
  neg: ({ of, dy }) => of('Neg', dy),
  reciprocal: ({ mul, of, dy, y }) => of('Neg', mul(dy, mul(y, y))),
  sin: ({ mul, of, dy, x }) => mul(dy, of('Cos', x)),
  sinh: ({ mul, of, dy, x }) => mul(dy, of('Cosh', x)),
  sqrt: ({ div, mul, dy, y }) => div(dy, mul(2, y)),
  tan: ({ mul, add, dy, y }) => mul(dy, add(1, mul(y, y))),
})
