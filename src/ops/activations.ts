import { type AttributeReader, float } from '../graph/index.ts'
import { type Derivative, derivatives } from './shared/backward.ts'
import { probability } from './shared/range-rules.ts'
import { unary } from './shared/unary.ts'

/**
 * 1 − erf(x), erf(x) = 2/√π · ∫₀ˣ exp(−t²) dt, to about 1e-15: for |x| < 3 by the series with positive terms
 * erf(x) = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)), beyond by the continued fraction (Abramowitz and Stegun 7.1.6, 7.1.14).
 */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  if (x < 3) return 1 - erf(x)
  // exp(−x²) is 0 from 28 on.
  if (x > 28) return 0
  let fraction = x
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI))
}

function erf(x: number): number {
  const a = Math.abs(x)
  if (a >= 3) return Math.sign(x) * (1 - erfc(a))
  let term = a
  let sum = a
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * a * a) / (2 * n + 1)
    sum += term
  }
  return Math.sign(x) * 2 * Math.sqrt(1 / Math.PI) * Math.exp(-a * a) * sum
}

/** 1 / (1 + exp(−x)), without overflow at either end. */
const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))

/** ln(1 + exp(x)): exp(x) overflows long before x + ln(1 + exp(−x)) does. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/**
 * An operator that is Gelu. Cost per element, constants folded. Exact: multiplications by √½, by ½ and by X, one addition, one function value.
 * Approximated: six multiplications (two for the cube), two additions, one function value.
 *
 *   exact:          Y = X/2 · (1 + erf(X/√2))
 *   approximated:   Y = X/2 · (1 + tanh(√(2/π) · (X + 0.044715·X³)))
 */
const geluOf = <const N extends string, const D extends string>(
  name: N,
  domain: D,
  isApproximated: (a: AttributeReader) => boolean,
) =>
  unary(name, {
    domain,
    attributes: (a) => ({ tanh: isApproximated(a) }),
    forward: (x, { tanh }) =>
      tanh
        ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
        : 0.5 * x * erfc(-x * Math.SQRT1_2),
    cost: ({ tanh }) => (tanh ? { adds: 2, muls: 6, others: 1 } : { adds: 1, muls: 3, others: 1 }),
    fusion: 'follower',
  })

/**
 * An operator that is Swish: with s = sigmoid(alpha·X), Y = X·s and dX = dY·(s + alpha·Y·(1 − s)). Cost per element: two multiplications (one where
 * alpha is 1), exponential, addition, division.
 */
const swishOf = <const N extends string, const D extends string>(name: N, domain: D, usualAlpha: number) =>
  unary(name, {
    domain,
    attributes: (a) => a.float('alpha', usualAlpha),
    forward: (x, alpha) => x * logistic(alpha * x),
    cost: (alpha) => ({ adds: 1, muls: alpha === 1 ? 1 : 2, others: 2 }),
    fusion: 'follower',
  })

/** Functions of every element by itself that follow a layer. */
export const activations = {
  /**
   * Y = max(0, X) + min(0, alpha·(exp(X/alpha) − 1)); alpha 1 (ONNX Celu, opset 12). dX = dY for X > 0, else dY·(Y/alpha + 1).
   * Cost per element: two comparisons, division, exponential, subtraction, multiplication, addition.
   */
  celu: unary('Celu', {
    attributes: (a) => a.float('alpha', 1),
    forward: (x, alpha) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)),
    cost: { adds: 2, muls: 1, others: 4 },
    fusion: 'follower',
  }),
  /**
   * Y = X for X ≥ 0, else alpha·(exp(X) − 1); alpha 1 (ONNX Elu, opset 6, 22). dX = dY for X > 0, else dY·(Y + alpha).
   * Cost per element: comparison, exponential, subtraction, multiplication.
   */
  elu: unary('Elu', {
    attributes: (a) => a.float('alpha', 1),
    forward: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
    cost: { adds: 1, muls: 1, others: 2 },
    fusion: 'follower',
  }),
  /** Y = erf(X) (ONNX Erf). dX = dY·2/√π·exp(−X²). Cost per element: one function value. */
  erf: unary('Erf', { forward: erf, cost: { others: 1 }, fusion: 'follower', saturates: true }),
  /** Approximated by tanh (com.microsoft FastGelu without a bias). */
  fastGelu: geluOf('FastGelu', 'com.microsoft', () => true),
  /** As its attribute says (ONNX Gelu, opset 20). */
  gelu: geluOf('Gelu', '', (a) => a.choice('approximate', ['none', 'tanh'], 'none') === 'tanh'),
  /** The exact one (com.microsoft Gelu). */
  microsoftGelu: geluOf('Gelu', 'com.microsoft', () => false),
  /**
   * Y = max(0, min(1, alpha·X + beta)); alpha 0.2, beta 0.5 (ONNX HardSigmoid, opset 6, 22). dX = alpha·dY for 0 < Y < 1.
   * Cost per element: multiplication, addition, two comparisons.
   */
  hardSigmoid: unary('HardSigmoid', {
    attributes: (a) => ({ alpha: a.float('alpha', 0.2), beta: a.float('beta', 0.5) }),
    forward: (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
    cost: { adds: 1, muls: 1, others: 2 },
    fusion: 'follower',
    saturates: true,
    range: probability,
  }),
  /**
   * Y = X · max(0, min(1, X/6 + 1/2)) (ONNX HardSwish, opset 14, 22). dX = dY·max(0, min(1, X/6 + 1/2)), and dY·X/6 more for −3 < X < 3.
   * Cost per element: two multiplications (the one by 1/6 included), addition, two comparisons.
   */
  hardSwish: unary('HardSwish', {
    forward: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
    cost: { adds: 1, muls: 2, others: 2 },
    fusion: 'follower',
  }),
  /**
   * Y = X for X ≥ 0, else alpha·X; alpha 0.01 (ONNX LeakyRelu, opset 6, 16). dX = dY for X > 0, else alpha·dY.
   * Cost per element: one comparison, one multiplication.
   */
  leakyRelu: unary('LeakyRelu', {
    attributes: (a) => a.float('alpha', 0.01),
    forward: (x, alpha) => (x < 0 ? alpha * x : x),
    cost: { muls: 1, others: 1 },
    fusion: 'follower',
  }),
  /**
   * Y = X · tanh(ln(1 + exp(X))) (ONNX Mish, opset 18, 22). With t = tanh(ln(1 + exp(X))): dX = dY·(t + X·(1 − t²)·sigmoid(X)).
   * Cost per element: exponential, addition, logarithm, hyperbolic tangent, multiplication.
   */
  mish: unary('Mish', {
    forward: (x) => x * Math.tanh(softplus(x)),
    cost: { adds: 1, muls: 1, others: 3 },
    fusion: 'follower',
  }),
  /** The usual alpha is 1.702 (com.microsoft QuickGelu). */
  quickGelu: swishOf('QuickGelu', 'com.microsoft', 1.702),
  /** Y = max(0, X) (ONNX Relu). dX = dY where Y > 0. */
  relu: unary('Relu', {
    takes: 'numeric',
    forward: (x) => Math.max(0, x),
    cost: { others: 1 },
    fusion: 'follower',
    epilogue: () => ({ kind: 'clamp', lo: 0, hi: Number.POSITIVE_INFINITY }),
    saturates: true,
  }),
  /**
   * Y = gamma·X for X > 0, else gamma·alpha·(exp(X) − 1) (ONNX Selu, opset 1, 6, 22). dX = gamma·dY for X > 0, else dY·(Y + gamma·alpha).
   * Cost per element: comparison, exponential, subtraction, two multiplications.
   */
  selu: unary('Selu', {
    // The first version's defaults have fewer digits.
    attributes: (a, opset) => ({
      alpha: a.float('alpha', opset < 6 ? 1.6732 : 1.6732631921768188),
      gamma: a.float('gamma', opset < 6 ? 1.0507 : 1.0507010221481323),
    }),
    forward: (x, { alpha, gamma }) => gamma * (x > 0 ? x : alpha * Math.expm1(x)),
    cost: { adds: 1, muls: 2, others: 2 },
    fusion: 'follower',
  }),
  /** Y = 1 / (1 + exp(−X)) (ONNX Sigmoid). dX = dY·Y·(1 − Y). Cost per element: exponential, addition, division. */
  sigmoid: unary('Sigmoid', {
    forward: logistic,
    cost: { adds: 1, others: 2 },
    fusion: 'follower',
    saturates: true,
    range: probability,
  }),
  /** Y = ln(1 + exp(X)) (ONNX Softplus). dX = dY·sigmoid(X). Cost per element: exponential, addition, logarithm. */
  softplus: unary('Softplus', { forward: softplus, cost: { adds: 1, others: 2 }, fusion: 'follower' }),
  /** Y = X / (1 + |X|) (ONNX Softsign). dX = dY / (1 + |X|)². Cost per element: addition, division; the absolute value is free. */
  softsign: unary('Softsign', {
    forward: (x) => x / (1 + Math.abs(x)),
    cost: { adds: 1, others: 1 },
    fusion: 'follower',
    saturates: true,
  }),
  /** The usual alpha is 1 (ONNX Swish, opset 24). */
  swish: swishOf('Swish', '', 1),
  /** Y = tanh(X) (ONNX Tanh). dX = dY·(1 − Y²). Cost per element: one function value. */
  tanh: unary('Tanh', { forward: Math.tanh, cost: { others: 1 }, fusion: 'follower', saturates: true }),
  /** Y = X for X > alpha, else 0; alpha 1 (ONNX ThresholdedRelu, opset 10, 22). dX = dY for X > alpha. Cost per element: one comparison. */
  thresholdedRelu: unary('ThresholdedRelu', {
    attributes: (a) => a.float('alpha', 1),
    forward: (x, alpha) => (x > alpha ? x : 0),
    cost: { others: 1 },
    fusion: 'follower',
    saturates: true,
  }),
}

type Gelu = Derivative<{ readonly tanh: boolean }>

/** Φ + X·φ, with the distribution Φ = (1 + erf(X/√2))/2 and the density φ = exp(−X²/2)/√(2π) of the normal distribution. */
function exactSlope({ mul, add, of, x }: Gelu): string {
  const distribution = mul(0.5, add(1, of('Erf', mul(x, Math.SQRT1_2))))
  const density = mul(1 / Math.sqrt(2 * Math.PI), of('Exp', mul(-0.5, mul(x, x))))
  return add(distribution, mul(x, density))
}

/** (1 + t)/2 + X/2·(1 − t²)·u', with t = tanh u and u = √(2/π) · (X + 0.044715·X³). */
function approximatedSlope({ mul, add, sub, of, x }: Gelu): string {
  const square = mul(x, x)
  const root = Math.sqrt(2 / Math.PI)
  const t = of('Tanh', mul(x, add(root, mul(root * 0.044715, square))))
  const inner = mul(x, add(root, mul(3 * root * 0.044715, square)))
  return mul(0.5, add(add(1, t), mul(sub(1, mul(t, t)), inner)))
}

const gelu = (given: Gelu) => given.mul(given.dy, given.attributes.tanh ? approximatedSlope(given) : exactSlope(given))

function swish({ mul, add, sub, of, dy, x, y, attributes: alpha }: Derivative<number>): string {
  const times = (value: string) => (alpha === 1 ? value : mul(value, alpha))
  const s = of('Sigmoid', times(x))
  return mul(dy, add(s, mul(times(y), sub(1, s))))
}

export const activationsTraining = /* @__PURE__ */ derivatives<typeof activations>({
  celu: ({ mul, add, div, positive, dy, x, y, attributes: alpha }) => mul(dy, positive(x, 1, add(div(y, alpha), 1))),
  elu: ({ mul, add, positive, dy, x, y, attributes: alpha }) => mul(dy, positive(x, 1, add(y, alpha))),
  erf: ({ mul, of, dy, x }) => mul(dy, mul(2 / Math.sqrt(Math.PI), of('Exp', of('Neg', mul(x, x))))),
  fastGelu: gelu,
  gelu,
  microsoftGelu: gelu,
  hardSigmoid: ({ mul, inside, dy, y, attributes: { alpha } }) => inside(mul(dy, alpha), y, 0, 1),
  hardSwish: ({ mul, add, div, of, inside, dy, x }) => {
    const gate = of('HardSigmoid', x, { alpha: float(1 / 6), beta: float(0.5) })
    return add(mul(dy, gate), inside(mul(dy, div(x, 6)), x, -3, 3))
  },
  leakyRelu: ({ mul, positive, dy, x, attributes: alpha }) => positive(x, dy, mul(dy, alpha)),
  mish: ({ mul, add, sub, of, dy, x }) => {
    const t = of('Tanh', of('Softplus', x))
    return mul(dy, add(t, mul(mul(x, sub(1, mul(t, t))), of('Sigmoid', x))))
  },
  quickGelu: swish,
  relu: ({ inside, dy, y }) => inside(dy, y, 0),
  selu: ({ mul, add, positive, dy, x, y, attributes: { alpha, gamma } }) =>
    mul(dy, positive(x, gamma, add(y, gamma * alpha))),
  sigmoid: ({ mul, sub, dy, y }) => mul(dy, mul(y, sub(1, y))),
  softplus: ({ mul, of, dy, x }) => mul(dy, of('Sigmoid', x)),
  softsign: ({ mul, add, div, of, dy, x }) => {
    const width = add(1, of('Abs', x))
    return div(dy, mul(width, width))
  },
  swish,
  tanh: ({ mul, sub, dy, y }) => mul(dy, sub(1, mul(y, y))),
  thresholdedRelu: ({ inside, dy, x, attributes: alpha }) => inside(dy, x, alpha),
})
