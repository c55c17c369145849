/*
 * What convolution and linear layers cost. The counter multiplies with a layer's sizes, cost/ makes formulas of the same with letters: one source
 * for both.
 */

/** How many operations each term takes: there are P·K·C_in·C_out/g of them. */
export interface LayerLaw {
  /** Multiply–accumulates. */
  readonly macs: number
  readonly muls: number
  /** Additions, the accumulator's first one included, bias not. */
  readonly adds: number
}

/** What the letters stand for. */
export interface LawSizes {
  /** Output positions: batch × output height × width. */
  readonly P: number
  /** Kernel taps: k·k. */
  readonly K: number
  /** Channels. */
  readonly C_in: number
  readonly C_out: number
  /** Groups, which divide both. */
  readonly g: number
}

/** One multiplication and one addition for each of K·C_in/g taps of each output. */
export const convolutionLaw: LayerLaw = { macs: 1, muls: 1, adds: 1 }

/** L1 distance (AdderNet, Chen et al., CVPR 2020): a subtraction and an accumulation per tap; the absolute value is free. */
export const adderLaw: LayerLaw = { macs: 0, muls: 0, adds: 2 }

/** Exact, as the nearest number. */
export function evaluateLaw({ macs, muls, adds }: LayerLaw, { P, K, C_in, C_out, g }: LawSizes): LayerLaw {
  const terms = Number((BigInt(P) * BigInt(K) * BigInt(C_in) * BigInt(C_out)) / BigInt(g))
  return { macs: macs * terms, muls: muls * terms, adds: adds * terms }
}
