import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSchedule, type ScheduleOptions } from './schedule.ts'

// Made by pytorch.py beside it.
const pytorch: {
  totalSteps: number
  stepsPerEpoch: number
  learningRate: number
  cases: Record<string, number[]>
} = JSON.parse(readFileSync(new URL('pytorch.json', import.meta.url), 'utf8'))

describe('learning rates are those of PyTorch 1.13', () => {
  const cases: [string, ScheduleOptions][] = [
    ['constant', { kind: 'constant' }],
    ['everyEpochs', { kind: 'step', everyEpochs: 3, factor: 0.5 }],
    ['atEpochs', { kind: 'step', atEpochs: [2, 6] }],
    ['cosine', { kind: 'cosine', end: 0.01 }],
    ['cosinePerEpoch', { kind: 'cosine', per: 'epoch' }],
    ['warmUpCosine', { kind: 'cosine', warmUp: { epochs: 2 } }],
    ['oneCycle', { kind: 'oneCycle' }],
    ['oneCycleLinear', { kind: 'oneCycle', rise: 0.45, divide: 10, finalDivide: 100, shape: 'linear' }],
  ]
  it.each(cases)('%s', (name, options) => {
    const { totalSteps, stepsPerEpoch, learningRate } = pytorch
    const schedule = createSchedule(options, learningRate)
    for (const [step, expected] of pytorch.cases[name]!.entries())
      expect(schedule(step, totalSteps, stepsPerEpoch), `step ${step}`).toBeCloseTo(expected, 10)
  })
})

const anySchedule = fc.record({
  kind: fc.constantFrom('constant', 'step', 'cosine', 'oneCycle'),
  atEpochs: fc.array(fc.nat(5)),
  warmUp: fc.option(fc.record({ epochs: fc.double({ min: 0, max: 2, noNaN: true }) }), { nil: undefined }),
}) as fc.Arbitrary<ScheduleOptions>

it('any schedule stays between 0 and its height, also in trainings of a step or two', () => {
  fc.assert(
    fc.property(
      anySchedule,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 9 }),
      (options, total, perEpoch) => {
        const schedule = createSchedule(options, 0.5)
        for (let step = 0; step < total; step++) {
          const rate = schedule(step, total, perEpoch)
          expect(rate).toBeGreaterThanOrEqual(0)
          expect(rate).toBeLessThanOrEqual(0.5 + 1e-12)
        }
      },
    ),
  )
})

it('milestones count epochs from the start of training, with warm-up', () => {
  const schedule = createSchedule({ kind: 'step', atEpochs: [3], warmUp: { epochs: 1, start: 0.5 } }, 1)
  const rates = [0, 1, 2, 3, 5, 6].map((step) => schedule(step, 8, 2))
  expect(rates).toEqual([0.5, 0.75, 1, 1, 1, 0.1])
})
