// Every experiment with its quick settings: the claim holds, controls are there and fail, the same seed gives the same numbers.

import { describe, expect, it } from 'vitest'
import { experiments, type Outcome, outcomeJson, runExperiment, verdictText } from '../index.ts'

/** What did not come out as it should. */
const surprises = ({ checks }: Outcome) => checks.filter((c) => c.holds === (c.control ?? false))

describe.each(experiments.map((e) => [e.name, e] as const))('%s', (_, experiment) => {
  it('holds, its controls fail, and the same seed gives the same numbers', async () => {
    const outcome = await runExperiment(experiment, { seed: 1 })
    expect(surprises(outcome)).toEqual([])
    expect(verdictText(outcome)).toBe('The claim holds.')
    expect(outcome.checks.some((c) => c.control)).toBe(true)
    expect(outcome.tables.length).toBeGreaterThan(0)
    for (const check of outcome.checks) expect(check.measured).not.toBeNaN()
    const numbers = (o: Outcome) => ({ ...(outcomeJson(o) as object), timeMs: 0 })
    expect(numbers(await runExperiment(experiment, { seed: 1 }))).toEqual(numbers(outcome))
  })
})
