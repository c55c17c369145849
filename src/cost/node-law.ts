import { type Operand, Polynomial, variable } from '../base/index.ts'
import type { NodeLaw } from '../graph/index.ts'

/** A law in the letters of one node. */
export interface LetteredLaw {
  readonly macs: Polynomial
  readonly muls: Polynomial
  readonly adds: Polynomial
  /** What the letters stand for; sizes of 1 have none. */
  readonly sizes: Readonly<Record<string, number>>
}

/** What each count of a law is so many times of: a product with a weight, at a position. */
export const lawTerms: Polynomial = variable('P')
  .times(variable('K'), variable('C_in'), variable('C_out'))
  .over(variable('g'))

/** As a formula, where it is only told how many each term takes. */
export const lawFormula = (count: Operand): Polynomial => (typeof count === 'number' ? lawTerms.times(count) : count)

type Factors = Readonly<Record<string, number>>

/** Of space, by how many axes it has. */
const axisLetters: Readonly<Record<number, readonly string[]>> = { 1: ['L'], 2: ['H', 'W'], 3: ['D', 'H', 'W'] }

/** P as batch and space, or as rows; K as a power where the window is as long on every axis. Factors of 1 are left out. */
export function lettered({ law, positions, kernel, C_in, C_out, g }: NodeLaw): LetteredLaw {
  const isSquare = kernel.every((k) => k === kernel[0])
  const taps: Factors = isSquare ? { k: kernel[0] ?? 1 } : Object.fromEntries(kernel.map((k, i) => [`k_${i + 1}`, k]))
  const places = kernel.length > 0 ? spaceOf(positions) : rowsOf(positions)
  const given: Factors = { ...places, ...taps, C_in, C_out, g }
  const sizes = Object.fromEntries(Object.entries(given).filter(([, size]) => size !== 1))
  const letter = (name: string) => (name in sizes ? variable(name) : Polynomial.constant(1))
  const product = (names: readonly string[]) => Polynomial.constant(1).times(...names.map(letter))
  const letters = {
    P: product(Object.keys(places)),
    K: isSquare ? letter('k').power(kernel.length) : product(Object.keys(taps)),
    ...{ C_in: letter('C_in'), C_out: letter('C_out'), g: letter('g') },
  }
  const own = (count: Operand) => lawFormula(count).substitute(letters).ordered(Object.keys(given))
  return { macs: own(law.macs), muls: own(law.muls), adds: own(law.adds), sizes }
}

function spaceOf([batch = 1, ...space]: readonly number[]): Factors {
  const letters = axisLetters[space.length] ?? space.map((_, i) => `X_${i + 1}`)
  return { N: batch, ...Object.fromEntries(space.map((size, i) => [letters[i]!, size])) }
}

/** Rows of each of B products. */
const rowsOf = (positions: readonly number[]): Factors => ({
  B: positions.slice(0, -1).reduce((p, d) => p * d, 1),
  M: positions.at(-1) ?? 1,
})
