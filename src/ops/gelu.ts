import type { AttributeReader } from '../graph/index.ts'
import { erfOf } from './erf.ts'
import type { TrainingOf } from './operator.ts'
import { type Derivative, derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/*
 * exact:          Y = X/2 · (1 + erf(X/√2))
 * approximated:   Y = X/2 · (1 + tanh(√(2/π) · (X + 0.044715·X³)))        (ONNX Gelu, opset 20)
 */

/** Φ + X·φ, with the distribution Φ = (1 + erf(X/√2))/2 and the density φ = exp(−X²/2)/√(2π) of the normal distribution. */
function exactSlope({ mul, add, of, x }: Derivative<unknown>): string {
  const distribution = mul(0.5, add(1, of('Erf', mul(x, Math.SQRT1_2))))
  const density = mul(1 / Math.sqrt(2 * Math.PI), of('Exp', mul(-0.5, mul(x, x))))
  return add(distribution, mul(x, density))
}

/** (1 + t)/2 + X/2·(1 − t²)·u', with t = tanh u and u = √(2/π) · (X + 0.044715·X³). */
function approximatedSlope({ mul, add, sub, of, x }: Derivative<unknown>): string {
  const square = mul(x, x)
  const root = Math.sqrt(2 / Math.PI)
  const t = of('Tanh', mul(x, add(root, mul(root * 0.044715, square))))
  const inner = mul(x, add(root, mul(3 * root * 0.044715, square)))
  return mul(0.5, add(add(1, t), mul(sub(1, mul(t, t)), inner)))
}

const exact = (x: number): number => 0.5 * x * (1 + erfOf(x * Math.SQRT1_2))

const approximated = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

/**
 * An operator that is Gelu. Cost per element, constants folded. Exact: multiplications by √½, by ½ and by X, one addition, one function value.
 * Approximated: six multiplications (two for the cube), two additions, one function value.
 */
export const geluOf = <const D extends string, const N extends string>(
  name: N,
  domain: D,
  isApproximated: (a: AttributeReader) => boolean,
) =>
  unary(name, {
    domain,
    attributes: (a) => ({ tanh: isApproximated(a) }),
    forward: (x, { tanh }) => (tanh ? approximated(x) : exact(x)),
    cost: ({ tanh }) => (tanh ? { adds: 2, muls: 6, others: 1 } : { adds: 1, muls: 3, others: 1 }),
    fusion: 'follower',
  })

export const geluTraining: TrainingOf<typeof gelu> = {
  backward: (call) =>
    derivative(call, (given) => {
      const slope = given.attributes.tanh ? approximatedSlope(given) : exactSlope(given)
      return given.mul(given.dy, slope)
    }),
}

export const gelu = geluOf('Gelu', '', (a) => a.string('approximate', 'none') === 'tanh')

/** The exact one, of com.microsoft. */
export const microsoftGelu = geluOf('Gelu', 'com.microsoft', () => false)
