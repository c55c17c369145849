import type { OutputKind } from './graph/classifier.ts'

/** The index of the largest of `classes` numbers from `start` on; the first of equals. */
export function largest(values: Float32Array, start: number, classes: number): number {
  let best = 0
  for (let c = 1; c < classes; c++) if (values[start + c]! > values[start + best]!) best = c
  return best
}

/** How many of the `classes` numbers from `start` on are greater than that of `label`; those equal to it count where they come first. */
export function rankOf(values: Float32Array, start: number, classes: number, label: number): number {
  const own = values[start + label]!
  let rank = 0
  for (let c = 0; c < classes; c++) {
    const v = values[start + c]!
    // A NaN is behind nothing: what has become NaN is no right answer.
    if (!(v < own) && c !== label && (v !== own || c < label)) rank++
  }
  return rank
}

/** −Σ t·ln p of one image, in float64. Probabilities below 1e-30 count as that. */
export function crossEntropyOf(
  output: Float32Array,
  start: number,
  targets: Float32Array,
  classes: number,
  kind: OutputKind,
): number {
  let shift = 0
  if (kind === 'logits') {
    let most = Number.NEGATIVE_INFINITY
    for (let c = 0; c < classes; c++) most = Math.max(most, output[start + c]!)
    let sum = 0
    for (let c = 0; c < classes; c++) sum += Math.exp(output[start + c]! - most)
    shift = most + Math.log(sum)
  }
  let loss = 0
  for (let c = 0; c < classes; c++) {
    const t = targets[start + c]!
    if (t === 0) continue
    const v = output[start + c]!
    loss -= t * (kind === 'probabilities' ? Math.log(Math.max(v, 1e-30)) : v - shift)
  }
  return loss
}

/** Mean over the classes of (y − t)², of one image. */
export function squaredErrorOf(output: Float32Array, start: number, targets: Float32Array, classes: number): number {
  let sum = 0
  for (let c = 0; c < classes; c++) sum += (output[start + c]! - targets[start + c]!) ** 2
  return sum / classes
}
