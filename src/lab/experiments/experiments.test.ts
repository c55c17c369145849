// Every experiment with its quick settings: the claim holds, controls are there and fail, the same seed gives the same numbers.

import { describe, expect, it } from 'vitest'
import { hasShared, sharedPath } from '../../../test/shared.ts'
import { digitsFrom, experiments, type Outcome, outcomeJson, runExperiment, verdictText } from '../index.node.ts'

/** What did not come out as it should. */
const surprises = ({ checks }: Outcome) => checks.filter((c) => c.holds === (c.control ?? false))

// On MNIST beside this checkout; without it on generated pictures, which every clone has.
const data = hasShared ? 'MNIST' : 'generated pictures'
const digits = digitsFrom(hasShared ? sharedPath('data', 'mnist') : undefined, 1)

/** Whose training or counting is deterministic by other tests, and which would take too long twice. */
const once = ['gradients', 'adaptive-rate', 'quantisation']
const untimed = experiments.filter((e) => e.name !== 'speed')

describe.each(untimed.map((e) => [e.name, e] as const))('%s', (name, experiment) => {
  it(`holds, its controls fail, and the same seed gives the same numbers (${data})`, async () => {
    const outcome = await runExperiment(experiment, { seed: 1, digits })
    expect(surprises(outcome)).toEqual([])
    expect(verdictText(outcome)).toBe('The claim holds.')
    expect(outcome.checks.some((c) => c.control)).toBe(true)
    expect(outcome.tables.length).toBeGreaterThan(0)
    for (const check of outcome.checks) expect(check.measured).not.toBeNaN()
    if (once.includes(name)) return
    const numbers = (o: Outcome) => ({ ...(outcomeJson(o) as object), timeMs: 0 })
    expect(numbers(await runExperiment(experiment, { seed: 1, digits }))).toEqual(numbers(outcome))
  })
})

// Times depend on what else the machine does: whether the claim holds is for a quiet one to say.
it('speed measures every kind of layer and every peer', async () => {
  const released: string[] = []
  const peer = {
    name: 'ort-web',
    version: '0',
    step: async () => {},
    release: async () => void released.push('ort-web'),
  }
  const { run } = experiments.find((e) => e.name === 'speed') as (typeof experiments)[number]
  const { tables, checks } = await run(
    { channels: 8, size: 6, layers: 2, seconds: 0.01 },
    {
      seed: 1,
      digits,
      measureLimit: async () => 1e9,
      peers: async () => [peer],
    },
  )
  expect(tables[0]?.rows.map(([name]) => name)).toEqual([
    'ordinary, float32',
    'adder, float32',
    ...[8, 7, 6, 5].map((bits) => `adder, ${bits} bits`),
    'ort-web',
  ])
  for (const row of tables[0]?.rows.slice(0, -1) ?? []) expect(row[4]).toBeGreaterThan(0)
  expect(checks.filter((c) => c.what.includes('onnxruntime-web'))).toHaveLength(2)
  expect(released).toEqual(['ort-web'])
})
