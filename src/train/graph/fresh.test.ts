import { expect, it } from 'vitest'
import { tensorValues } from '../../graph/index.ts'
import { nets } from '../../nets/index.ts'
import { withFreshWeights } from './fresh.ts'

const shape = [1, 28, 28]
const net = nets.lenet5_bn({ seed: 3 })

it('fresh weights are those that training begins with', () => {
  const fresh = withFreshWeights(net, { shape, seed: 1 })
  const values = (name: string) => tensorValues(fresh.graph.initializers.get(name)!)
  expect(new Set(values('bn2.weight'))).toEqual(new Set([1]))
  expect(new Set(values('bn2.bias'))).toEqual(new Set([0]))
  expect(new Set(values('bn2.running_mean'))).toEqual(new Set([0]))
  expect(new Set(values('bn2.running_var'))).toEqual(new Set([1]))
  expect(new Set(values('fc.bias'))).toEqual(new Set([0]))
  // He et al.: √(2/n), n = 16·5·5 terms for conv3, 84 for fc.
  for (const [name, terms] of [
    ['conv3.weight', 400],
    ['fc.weight', 84],
  ] as const) {
    const all = values(name)
    const mean = all.reduce((s, v) => s + v, 0) / all.length
    const deviation = Math.sqrt(all.reduce((s, v) => s + v * v, 0) / all.length)
    expect(Math.abs(mean)).toBeLessThan(0.1 * deviation)
    expect(deviation / Math.sqrt(2 / terms)).toBeGreaterThan(0.93)
    expect(deviation / Math.sqrt(2 / terms)).toBeLessThan(1.07)
  }
})

it('fresh weights follow from the seed, not from the weights that were there', () => {
  const bytes = (model: typeof net, name = 'conv3.weight') => model.graph.initializers.get(name)!.data.bytes()
  const fresh = withFreshWeights(net, { shape, seed: 1 })
  expect(bytes(withFreshWeights(nets.lenet5_bn({ seed: 4 }), { shape, seed: 1 }))).toEqual(bytes(fresh))
  expect(bytes(withFreshWeights(net, { shape, seed: 2 }))).not.toEqual(bytes(fresh))
  expect(fresh.graph.nodes.map((n) => n.name)).toEqual(net.graph.nodes.map((n) => n.name))
})
