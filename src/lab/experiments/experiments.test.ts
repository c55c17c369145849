// Every experiment with its quick settings: the claim holds, controls are there and fail, the same seed gives the same numbers.

import { describe, expect, it } from 'vitest'
import { hasShared, sharedPath } from '../../../test/shared.ts'
import { digitsFrom, experiments, type Outcome, outcomeJson, runExperiment, verdictText } from '../index.node.ts'

/** What did not come out as it should. */
const surprises = ({ checks }: Outcome) => checks.filter((c) => c.holds === (c.control ?? false))

// On MNIST beside this checkout; without it on generated pictures, which every clone has.
const data = hasShared ? 'MNIST' : 'generated pictures'
const digits = digitsFrom(hasShared ? sharedPath('data', 'mnist') : undefined, 1)

describe.each(experiments.map((e) => [e.name, e] as const))('%s', (_, experiment) => {
  it(`holds, its controls fail, and the same seed gives the same numbers (${data})`, async () => {
    const outcome = await runExperiment(experiment, { seed: 1, digits })
    expect(surprises(outcome)).toEqual([])
    expect(verdictText(outcome)).toBe('The claim holds.')
    expect(outcome.checks.some((c) => c.control)).toBe(true)
    expect(outcome.tables.length).toBeGreaterThan(0)
    for (const check of outcome.checks) expect(check.measured).not.toBeNaN()
    const numbers = (o: Outcome) => ({ ...(outcomeJson(o) as object), timeMs: 0 })
    expect(numbers(await runExperiment(experiment, { seed: 1, digits }))).toEqual(numbers(outcome))
  })
})
