import { InvalidArgumentError } from 'commander'
import type { FormulaRange } from '../api/cost.ts'
import { type Fraction, fraction, positiveInteger } from './options.ts'

const letters = ['H', 'W', 'C', 'C_in', 'C_out', 'k', 'g', 'n', 't', 'r']

/** More points say nothing more. */
const mostPoints = 64

/**
 * `C=8..512`, `k=1..11`, `r=1/8..1`, or the values themselves: `t=1,2,4,6`. Of a range up to 16 whole numbers are taken, of more each the double of the last;
 * of an odd k the odd ones; of r the multiples of its beginning's denominator.
 * @throws InvalidArgumentError, which is wrong usage
 */
export function formulaRange(text: string): FormulaRange {
  const [, name = '', values = ''] = /^([A-Za-z_-]+)=(.+)$/.exec(text) ?? []
  const letter = letters.find((l) => l.toLowerCase() === name.toLowerCase().replace('-', '_'))
  if (letter === undefined)
    throw new InvalidArgumentError(`Give a size and its range, as in C=8..512. Sizes: ${letters.join(', ')}.`)
  const ends = values.split('..')
  const points = letter === 'r' ? parts(values, ends) : wholes(letter, values, ends)
  if (points.length > mostPoints) throw new InvalidArgumentError(`Give at most ${mostPoints} values.`)
  return { letter, points }
}

function wholes(letter: string, values: string, ends: readonly string[]): number[] {
  if (ends.length !== 2) return ascending(values.split(',').map(positiveInteger), (n) => n)
  const [low, high] = ascending(ends.map(positiveInteger), (n) => n) as [number, number]
  const step = letter === 'k' && low % 2 === 1 ? 2 : 1
  const count = Math.floor((high - low) / step) + 1
  if (count <= 16) return Array.from({ length: count }, (_, i) => low + i * step)
  const doubles = Array.from({ length: Math.floor(Math.log2(high / low)) + 1 }, (_, i) => low * 2 ** i)
  return doubles.at(-1) === high ? doubles : [...doubles, high]
}

type Part = readonly [numerator: number, denominator: number]

function parts(values: string, ends: readonly string[]): Part[] {
  const pairOf = ({ numerator, denominator }: Fraction): Part => [numerator, denominator]
  const value = ([numerator, denominator]: Part) => numerator / denominator
  if (ends.length !== 2)
    return ascending(
      values.split(',').map((v) => pairOf(fraction(v))),
      value,
    )
  const [low, high] = ascending(
    ends.map((v) => pairOf(fraction(v))),
    value,
  ) as [Part, Part]
  const denominator = low[1]
  const count = Math.floor(value(high) * denominator + 1e-9) - low[0] + 1
  return Array.from({ length: Math.min(count, mostPoints + 1) }, (_, i): Part => [low[0] + i, denominator])
}

/** @throws InvalidArgumentError where they are not, or one stands twice */
function ascending<T>(values: readonly T[], sizeOf: (value: T) => number): T[] {
  if (values.some((v, i) => i > 0 && sizeOf(v) <= sizeOf(values[i - 1]!)))
    throw new InvalidArgumentError('Give values that grow, as in 8..512 or 1,2,4.')
  return [...values]
}
