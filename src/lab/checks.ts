import { shortNumber } from '../report/index.ts'
import type { Check } from './experiment.ts'

/** The measurement is the prediction, to a part of it. */
export function near(what: string, predicted: number, measured: number, relative: number): Check {
  const holds = Math.abs(measured - predicted) <= relative * Math.abs(predicted)
  return { what, predicted, measured, within: `${shortNumber(100 * relative)} %`, holds }
}

export const equal = (what: string, predicted: number | string, measured: number | string): Check => ({
  what,
  predicted,
  measured,
  holds: predicted === measured,
})

export const atLeast = (what: string, bound: number, measured: number): Check => ({
  what,
  predicted: `at least ${shortNumber(bound)}`,
  measured,
  holds: measured >= bound,
})

export const atMost = (what: string, bound: number, measured: number): Check => ({
  what,
  predicted: `at most ${shortNumber(bound)}`,
  measured,
  holds: measured <= bound,
})

/** A wrong statement: the verdict takes it to fail. */
export const control = (check: Check): Check => ({ ...check, control: true })

/** Whether all statements of `checks` hold, and all controls fail; false where there are none. */
export const verdictOf = (checks: readonly Check[]): boolean =>
  checks.length > 0 && checks.every((c) => c.holds === (c.control !== true))

/** The measurement that lies farthest from its prediction, as a quotient: for one check over many places. */
export function farthest<T extends { readonly predicted: number; readonly measured: number }>(pairs: readonly T[]): T {
  const distance = ({ predicted, measured }: T) => Math.abs(measured / predicted - 1)
  return pairs.reduce((a, b) => (distance(b) > distance(a) ? b : a))
}
