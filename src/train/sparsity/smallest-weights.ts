import { smallest } from '../../base/index.ts'
import type { SparseWeight } from './method.ts'

/**
 * Masks that cut a part of the weights, those of smallest magnitude: 0 where a weight goes. Exactly round(ratio × weights) go, of each tensor or, `global`,
 * of all together. What is 0 already goes first.
 * @param ratio from 0 to 1
 */
export function withoutSmallest(
  weights: readonly SparseWeight[],
  ratio: number,
  global: boolean,
): Map<string, Uint8Array> {
  const magnitudes = weights.map(({ value }) => Float64Array.from(value, Math.abs))
  const common = global ? cutOf(joined(magnitudes), ratio) : undefined
  return new Map(
    weights.map(({ name }, i) => [name, keptBy(magnitudes[i]!, common ?? cutOf(magnitudes[i]!, ratio))] as const),
  )
}

interface Cut {
  readonly threshold: number
  /** How many of those equal to it still go. */
  ties: number
}

const cutOf = (values: Float64Array, ratio: number): Cut => ({ ...smallest(values, Math.round(ratio * values.length)) })

function keptBy(values: Float64Array, cut: Cut): Uint8Array {
  const mask = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    mask[i] = value < cut.threshold || (value === cut.threshold && cut.ties-- > 0) ? 0 : 1
  }
  return mask
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
