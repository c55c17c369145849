import { expect, it } from 'vitest'
import { tensorValues } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { criterionFrom, pruneModel, scoreChannels } from './index.ts'

it('channels are scored without a cut, group by group', async () => {
  const scores = await scoreChannels(tinyNet(), { criterion: 'l1' })
  expect(scores.map((s) => [s.name, s.tensors, s.scores.length])).toEqual([
    ['conv1', ['conv1.weight'], 6],
    ['conv2', ['conv2.weight'], 6],
  ])
  const values = tensorValues(tinyNet().graph.initializers.get('conv1.weight')!)
  const norms = [0, 1, 2, 3, 4, 5].map((c) => values.slice(9 * c, 9 * c + 9).reduce((s, w) => s + Math.abs(w), 0))
  const mean = norms.reduce((s, n) => s + n, 0) / 6
  scores[0]!.scores.forEach((score, c) => {
    expect(score).toBeCloseTo(norms[c]! / mean, 6)
  })
})

it('scores that are kept cut as the criterion that gave them', async () => {
  const net = nets.resnet20({ shortcut: 'pad' })
  const scope = { ratio: 0.4, global: true }
  const kept = JSON.parse(JSON.stringify(await scoreChannels(net, { criterion: 'l2' })))
  const again = await pruneModel(net, { criterion: criterionFrom('l2', kept), scope })
  const direct = await pruneModel(net, { criterion: 'l2', scope })
  expect(again.groups.map((g) => g.kept)).toEqual(direct.groups.map((g) => g.kept))
  for (const [name, { data }] of direct.model.graph.initializers)
    expect(again.model.graph.initializers.get(name)?.data.bytes()).toEqual(data.bytes())
})

it('scores of another network are refused', async () => {
  const other = criterionFrom('l2', await scoreChannels(tinyNet()))
  await expect(pruneModel(nets.resnet20(), { criterion: other, scope: { ratio: 0.5 } })).rejects.toMatchObject({
    code: 'bad-scores',
    message: 'There are no scores of "conv1". Score this network\'s own channels.',
  })
})
