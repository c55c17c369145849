import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { namePattern } from '../../base/index.ts'
import { scoredBatches, scoredNetwork } from '../../testing/scored-network.ts'
import { withCrossEntropy } from '../../train/index.ts'
import { criteria, outputLoss, type ScoreOptions, scoreChannels } from '../index.ts'

// Made by pytorch.py beside it.
const pytorch: Record<string, Record<string, number[]>> = JSON.parse(
  readFileSync(new URL('pytorch.json', import.meta.url), 'utf8'),
)

const scored = (criterion: string, more: ScoreOptions = {}) =>
  scoreChannels(scoredNetwork(), {
    ...{ criterion, methods: ['filter', 'neuron'], images: scoredBatches(4), loss: withCrossEntropy },
    ...more,
  })

/** float32 against float64; the loss without a channel is a difference of two. */
const toleranceOf = (name: string, most: number): number => (name === 'oracle' ? 2e-6 : 1e-4 * most)

async function agrees(name: string, more?: ScoreOptions): Promise<void> {
  const found = await scored(name.split(' ')[0]!, more)
  expect(found.map((g) => g.name)).toEqual(Object.keys(pytorch[name]!))
  for (const { name: group, scores } of found) {
    const wanted = pytorch[name]![group]!
    const most = Math.max(...wanted.map(Math.abs))
    expect(scores.length).toBe(wanted.length)
    scores.forEach((score, c) => {
      const difference = Math.abs(score - wanted[c]!)
      expect(difference, `${group} ${c}: ${score}, PyTorch ${wanted[c]}`).toBeLessThan(toleranceOf(name, most))
    })
  }
}

describe('scores are those of PyTorch', () => {
  // thinet and obs are compared with brute force beside them.
  const byItself = ['random', 'thinet', 'obs', 'bn-scale']
  it.each(criteria.map((c) => c.name).filter((name) => !byItself.includes(name)))('%s', (name) => agrees(name))

  it('bn-scale, which needs normalisations', async () => {
    await agrees('bn-scale', { keep: ['q', 'g', 'h', 'f1'].map((name) => namePattern(name)) })
    await expect(scored('bn-scale')).rejects.toMatchObject({ code: 'no-members', details: { group: 'q' } })
  })

  it("oracle, by the network's own outputs", () => agrees('oracle of outputs', { loss: outputLoss }))
})
