import { KerfError } from '../../base/index.ts'
import { applyMask, checkParameter, type GroupTable, type Parameter } from './parameter.ts'

/** Bounds of gradients. */
export interface GradientClip {
  /** The L2 norm of all gradients together is at most this (PyTorch's clip_grad_norm_). */
  readonly norm?: number
  /** Every element is at most this, in either direction; before `norm`. */
  readonly value?: number
}

/**
 * Makes gradients ready for an update: masks, clips, and finds the factor by which each parameter's gradient is still to be multiplied
 * (clipping by norm, adaptive or own learning rate). Works in order, in float64: the same gradients give the same bits.
 * @param factors filled, one for each parameter
 * @returns L2 norm of all gradients before clipping by norm
 * @throws KerfError `bad-parameter`; `not-finite` naming the parameter whose gradient is NaN or infinite. No weight has been changed.
 */
export function prepareGradients(
  parameters: readonly Parameter[],
  groups: GroupTable,
  clip: GradientClip,
  factors: Float64Array,
): number {
  let total = 0
  for (let p = 0; p < parameters.length; p++) {
    const parameter = parameters[p]!
    checkParameter(parameter)
    applyMask(parameter.gradient, parameter.mask)
    const squares = sumOfSquares(parameter.gradient)
    if (!Number.isFinite(squares)) throw notFinite(parameter)
    factors[p] = clip.value === undefined ? squares : clipByValue(parameter.gradient, clip.value)
    total += factors[p]!
  }
  const norm = Math.sqrt(total)
  const scale = clip.norm === undefined ? 1 : Math.min(1, clip.norm / (norm + 1e-6))
  for (let p = 0; p < parameters.length; p++) {
    const parameter = parameters[p]!
    const { adaptiveRate: eta, rate } = groups[parameter.group]
    // A gradient of 0 stays 0.
    factors[p] =
      eta !== undefined && factors[p]! > 0
        ? eta * Math.sqrt(keptCount(parameter) / factors[p]!)
        : scale * (rate?.(parameter.name) ?? 1)
  }
  return norm
}

function sumOfSquares(values: Float32Array): number {
  // Four sums, so that additions need not wait for each other.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  const whole = values.length & ~3
  for (let i = 0; i < whole; i += 4) {
    a += values[i]! * values[i]!
    b += values[i + 1]! * values[i + 1]!
    c += values[i + 2]! * values[i + 2]!
    d += values[i + 3]! * values[i + 3]!
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * values[i]!
  return a + b + (c + d)
}

function clipByValue(values: Float32Array, limit: number): number {
  const highest = Math.fround(limit)
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!
    if (x > highest) values[i] = highest
    else if (x < -highest) values[i] = -highest
  }
  return sumOfSquares(values)
}

function keptCount({ value, mask }: Parameter): number {
  if (!mask) return value.length
  let kept = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) kept++
  return kept
}

function notFinite({ name, gradient }: Parameter): KerfError {
  const index = gradient.findIndex((x) => !Number.isFinite(x))
  return new KerfError(
    'not-finite',
    `The gradient of "${name}" has the value ${gradient[index]} (element ${index}). Lower the learning rate, warm it up, or clip gradients.`,
    { parameter: name, index, value: gradient[index] },
  )
}
