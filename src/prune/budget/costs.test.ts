import { expect, it } from 'vitest'
import { profileModel } from '../../cost/index.ts'
import { analyse, bindInputs, GraphBuilder, simplified, tensorOf } from '../../graph/index.ts'
import { nets } from '../../nets/index.ts'
import { prunableOperators } from '../../ops/index.ts'
import { groupsOf } from '../groups.ts'
import { pruneModel } from '../prune.ts'
import { costAt, countedTerms } from './costs.ts'

it.each(['macs', 'params'] as const)(
  'terms of widths give what the cut network has, depthwise layers too: %s',
  async (of) => {
    const model = simplified(nets.mobilenet_v2({ batch: 1, inputSize: 32, classes: 10 }), prunableOperators)
    const found = groupsOf(analyse(model, prunableOperators, bindInputs(model.graph)))
    const { model: cut, groups } = await pruneModel(model, { criterion: 'l1', scope: { ratio: 0.4, global: true } })
    const kept = new Map(groups.map((g) => [g.name, g.kept / g.channels]))
    const parts = found.groups.map((g) => kept.get(g.name) ?? 1)
    expect(new Set(parts).size).toBeGreaterThan(5)
    const { totals } = profileModel(cut)
    expect(costAt(countedTerms(of, found), parts) / totals[of]).toBeCloseTo(1, 9)
  },
)

it('terms of operators without attributes are those of any other', async () => {
  const b = new GraphBuilder('linear')
  const weight = (name: string, ...shape: number[]) =>
    b.constant(name, tensorOf('float32', shape, new Float32Array(shape[0]! * shape[1]!).fill(1)))
  const hidden = b.node('Relu', [b.node('MatMul', [b.input('x', 'float32', [1, 4]), weight('w', 4, 8)])])
  b.output(b.node('MatMul', [hidden, weight('v', 8, 3)]))
  const target = { of: 'macs', part: 0.5 } as const
  const { after, before } = await pruneModel(b.model(), { methods: ['neuron'], target })
  expect([before.macs, after.macs]).toEqual([4 * 8 + 8 * 3, 4 * 4 + 4 * 3])
})

it('odd widths have terms, too', async () => {
  const b = new GraphBuilder('odd')
  const weight = (name: string, ...shape: number[]) =>
    b.constant(name, tensorOf('float32', shape, new Float32Array(shape.reduce((p, d) => p * d, 1)).fill(1)))
  const hidden = b.node('Relu', [b.node('Conv', [b.input('x', 'float32', [1, 3, 5, 5]), weight('w', 7, 3, 3, 3)])])
  b.output(b.node('Conv', [hidden, weight('v', 3, 7, 1, 1)]))
  const { after, before } = await pruneModel(b.model(), { target: { of: 'macs', part: 0.6 } })
  expect([before.macs, after.macs]).toEqual([9 * 7 * (27 + 3), 9 * 4 * (27 + 3)])
})
