import type { BackwardCall } from '../../graph/index.ts'
import { algebra, shapeIn, shapeOut } from './backward.ts'
import type { PoolAttributes } from './pool.ts'
import { poolWindows } from './pool-forward.ts'

/*
 * With Y = (Σ |X|ᵖ)^(1/p):   dX = sign X · |X|^(p − 1) · Σ over the windows that cover it of dY·Y^(1 − p)
 */

/**
 * @param spread sums what the windows have at every element that they cover
 */
export function normBackward(
  call: BackwardCall,
  { dy, x, y, p }: { readonly dy: string; readonly x: string; readonly y: string; readonly p: number },
  spread: (value: string) => string,
): string {
  const { mul, div, of, positive } = algebra(call.emit)
  const power = (value: string, exponent: number) =>
    exponent === 1 ? value : call.emit.node('Pow', [value, call.emit.floats([exponent])])
  if (p === 1) return mul(of('Sign', x), spread(dy))
  // A window of zeros is a corner: nothing passes.
  const perWindow = positive(y, div(dy, power(y, p - 1)), 0)
  const slope = p === 2 ? x : mul(of('Sign', x), power(of('Abs', x), p - 1))
  return mul(slope, spread(perWindow))
}

/** By how many AveragePool divides in every window, with count_include_pad: a number, or a constant of shape [1, 1, pooled…]. */
export function divisors(call: BackwardCall<PoolAttributes>): string | number {
  const space = shapeIn(call, 0).slice(2)
  const { data } = poolWindows(call, [1, 1, ...space], ({ count, padded }) => count + padded)
  const [first = 1] = data
  return data.every((d) => d === first) ? first : call.emit.floats([...data], [1, 1, ...shapeOut(call).slice(2)])
}
