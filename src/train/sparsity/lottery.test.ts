import { describe, expect, it } from 'vitest'
import { tinyNet } from '../../testing/tiny-images.ts'
import { tinyTrainer } from '../../testing/tiny-trainer.ts'
import { parameterGroups } from '../optimisers/parameter.ts'
import { cutBehind, rewoundSchedule, roundsIn } from './lottery.ts'

const names = ['conv1.weight', 'bn1.weight', 'bn1.bias', 'bn1.mean', 'bn1.var', 'conv2.weight', 'fc.weight', 'fc.bias']

describe('lottery tickets', () => {
  it('are the weights of the step that is rewound to, but for what is cut; masks stay', async () => {
    const sparsity = { method: 'lottery-ticket', ratio: 0.75, rounds: 2, rewindTo: 2, roundSteps: 4 } as const
    const optimiser = { kind: 'sgd', momentum: 0.9, groups: parameterGroups() } as const
    const { trainer, step, weight, dispose } = await tinyTrainer(tinyNet(), { sparsity, optimiser })
    const all = () => new Map(names.map((name) => [name, weight(name)]))
    const zeros = (name: string) => weight(name).flatMap((w, i) => (w === 0 ? [i] : []))
    await step()
    await step()
    const rewound = all()
    await step()
    // Cuts come behind steps 4 and 6: a half of the weights, then a half of what is left.
    let cut: number[] = []
    for (const count of [162, 243]) {
      while (cutBehind(trainer.steps + 1, sparsity) === undefined) await step()
      await step()
      expect(zeros('conv2.weight')).toHaveLength(count)
      expect(cut.every((i) => zeros('conv2.weight').includes(i))).toBe(true)
      cut = zeros('conv2.weight')
      for (const [name, values] of rewound) {
        const gone = new Set(zeros(name))
        expect(weight(name), name).toEqual(values.map((w, i) => (gone.has(i) ? 0 : w)))
      }
      // Momentum is forgotten.
      expect([...trainer.exportState().optimiser!]).toEqual([['steps', Float64Array.of(0)]])
      expect(trainer.mayBeChosen).toBe(count === 243)
    }
    expect(trainer.steps).toBe(6)
    await step()
    expect(zeros('conv2.weight')).toEqual(cut)
    await dispose()
  })

  it('cuts the smallest weights that training has come to, not those that it rewinds to', async () => {
    const plain = await tinyTrainer(tinyNet())
    const ticket = await tinyTrainer(tinyNet(), { sparsity: { method: 'lottery-ticket', ratio: 0.5, roundSteps: 3 } })
    for (let i = 0; i < 3; i++) await Promise.all([plain.step(0.5), ticket.step(0.5)])
    const magnitudes = plain.weight('conv2.weight').map(Math.abs)
    const median = magnitudes.toSorted((a, b) => a - b)[162]!
    expect(ticket.weight('conv2.weight').map((w) => w === 0)).toEqual(magnitudes.map((m) => m < median))
    await Promise.all([plain.dispose(), ticket.dispose()])
  })

  it('have the learning rates of the steps that they go through again', () => {
    const rounds = roundsIn(20, 3, 4)
    // 8 steps, then three times 4.
    expect(rounds).toEqual({ rounds: 3, rewindTo: 4, roundSteps: 8 })
    const cuts = Array.from({ length: 21 }, (_, step) => cutBehind(step, rounds))
    expect(cuts.flatMap((cut, step) => (cut === undefined ? [] : [[step, cut]]))).toEqual([
      [8, 1],
      [12, 2],
      [16, 3],
    ])
    const asked: number[][] = []
    const schedule = rewoundSchedule(
      (step, total, perEpoch) => {
        asked.push([step, total, perEpoch])
        return step
      },
      () => rounds,
    )
    const steps = Array.from({ length: 22 }, (_, step) => schedule(step, 20, 5))
    expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 7, 7])
    expect(asked.every(([, total, perEpoch]) => total === 8 && perEpoch === 5)).toBe(true)
  })

  it('need steps behind the one that they go back to', async () => {
    const sparsity = { method: 'lottery-ticket', ratio: 0.5, rewindTo: 3, roundSteps: 3 } as const
    await expect(tinyTrainer(tinyNet(), { sparsity })).rejects.toThrow(
      'Rewinding needs steps behind the one that it goes back to: 1 rounds of 3 steps, back to step 3.',
    )
  })
})
