import { type Polynomial, variable } from '../../base/index.ts'

/*
 * What convolution and linear layers cost, as polynomials. The counter evaluates them on a layer's sizes, `kerf formulas` prints them
 * with the sizes of a design put in: one source for both.
 *
 *   P    output positions (batch × output height × width)      P_in  input positions
 *   K    kernel taps (k·k)                                     g     groups
 *   C_in, C_out  channels
 */
const P = variable('P')
const K = variable('K')
const Cin = variable('C_in')
const Cout = variable('C_out')
const g = variable('g')

export interface LayerLaw {
  /** Multiply–accumulates. */
  readonly macs: Polynomial
  readonly muls: Polynomial
  /** Additions, the accumulator's first one included, bias not. */
  readonly adds: Polynomial
  readonly weights: Polynomial
}

const terms = P.times(K, Cin, Cout).over(g)
const weights = K.times(Cin, Cout).over(g)

/** One multiplication and one addition for each of K·C_in/g taps of each output. */
export const convolutionLaw: LayerLaw = { macs: terms, muls: terms, adds: terms, weights }

/** L1 distance (AdderNet, Chen et al., CVPR 2020): a subtraction and an accumulation per tap; the absolute value is free. */
export const adderLaw: LayerLaw = { macs: terms.times(0), muls: terms.times(0), adds: terms.times(2), weights }

/** Elements read of the input, per position of the input. */
export const inputElements: Polynomial = variable('P_in').times(Cin)
export const outputElements: Polynomial = P.times(Cout)
