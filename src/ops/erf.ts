import type { TrainingOf } from './operator.ts'
import { derivative } from './shared/backward.ts'
import { unary } from './shared/unary.ts'

/**
 * The error function 2/√π · ∫₀ˣ exp(−t²) dt to about 1e-15: for |x| < 3 the series with positive terms
 * 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)), beyond the continued fraction of its complement (Abramowitz and Stegun 7.1.6, 7.1.14).
 */
export function erfOf(x: number): number {
  const a = Math.abs(x)
  if (Number.isNaN(x)) return x
  if (a > 6) return Math.sign(x)
  if (a < 3) {
    let term = a
    let sum = a
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= (2 * a * a) / (2 * n + 1)
      sum += term
    }
    return Math.sign(x) * 2 * Math.sqrt(1 / Math.PI) * Math.exp(-a * a) * sum
  }
  let fraction = a
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction
  return Math.sign(x) * (1 - Math.exp(-a * a) / (fraction * Math.sqrt(Math.PI)))
}

/** Y = erf(X) (ONNX Erf). dX = dY·2/√π·exp(−X²). Cost per element: one function value. */
export const erf = unary('Erf', {
  forward: erfOf,
  cost: { others: 1 },
  fusion: 'follower',
  saturates: true,
})

export const erfTraining: TrainingOf<typeof erf> = {
  backward: (call) =>
    derivative(call, ({ mul, of, dy, x }) => mul(dy, mul(2 / Math.sqrt(Math.PI), of('Exp', of('Neg', mul(x, x)))))),
}
