import { unary } from './shared/unary.ts'

/** The nearest integer, halves to the even one. */
function roundToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1
}

/** Y = X rounded to integers, halves to the even one (ONNX Round). */
export const round = unary('Round', { forward: roundToEven, gradient: 'zero', cost: { others: 1 } })
