import { Polynomial, variable } from '../../base/index.ts'
import type { NodeLaw } from '../../graph/index.ts'

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

/** Factors by their letters: P, or K. */
export type Factors = Readonly<Record<string, number>>

/**
 * A law in the letters of one node: what P and K are products of; factors of 1 are left out, and equal ones of K are a power.
 * @param positions P's: `{ H: 56, W: 56 }`
 * @param taps K's, one for each spatial axis
 */
export function lawOfNode(
  { macs, muls, adds }: LayerLaw,
  positions: Factors,
  taps: readonly number[],
  channels: { readonly C_in: number; readonly C_out: number; readonly g: number },
): NodeLaw {
  const isSquare = taps.every((k) => k === taps[0])
  const kernel = isSquare ? { k: taps[0] ?? 1 } : Object.fromEntries(taps.map((k, i) => [`k_${i + 1}`, k]))
  const given: Factors = { ...positions, ...kernel, ...channels }
  const sizes = Object.fromEntries(Object.entries(given).filter(([, size]) => size !== 1))
  const letter = (name: string) => (name in sizes ? variable(name) : Polynomial.constant(1))
  const product = (names: readonly string[]) => names.reduce((p, name) => p.times(letter(name)), Polynomial.constant(1))
  const letters = {
    P: product(Object.keys(positions)),
    K: isSquare ? letter('k').power(taps.length) : product(Object.keys(kernel)),
    C_in: letter('C_in'),
    C_out: letter('C_out'),
    g: letter('g'),
  }
  const own = (law: Polynomial) => law.substitute(letters).ordered(Object.keys(given))
  return { macs: own(macs), muls: own(muls), adds: own(adds), sizes }
}

const axisLetters: Readonly<Record<number, readonly string[]>> = { 1: ['L'], 2: ['H', 'W'], 3: ['D', 'H', 'W'] }

/** The batch and the places of a value [N, C, spatial…]. */
export function positionsOf(shape: readonly number[]): Factors {
  const space = shape.slice(2)
  const letters = axisLetters[space.length] ?? space.map((_, i) => `X_${i + 1}`)
  return { N: shape[0]!, ...Object.fromEntries(space.map((size, i) => [letters[i]!, size])) }
}
