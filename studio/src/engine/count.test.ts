import { profileModel } from 'kerf'
import { GraphBuilder, type Model, type Shape } from 'kerf/graph'
import { buildNet } from 'kerf/nets'
import { expect, it } from 'vitest'
import { countAtFirst, countModel } from './count.ts'

/** Two sums of an input with itself, the second of the first. */
function sums(shape: Shape): Model {
  const graph = new GraphBuilder('test')
  const x = graph.input('x', 'float32', shape)
  graph.output(graph.node('Add', [graph.node('Add', [x, x]), x]))
  return graph.model()
}

it('has a row for every layer, with the counts of the profile', () => {
  const model = buildNet('resnet18')
  const { layers } = profileModel(model)
  const { network } = countAtFirst(model, 'resnet18.onnx')
  expect(network.layers.names).toEqual(layers.map((l) => l.name))
  expect([...network.layers.counts.macs]).toEqual(layers.map((l) => l.macs))
  expect([...network.layers.counts.others]).toEqual(layers.map((l) => l.others))
})

it('counts fused layers, and names the nodes of each', () => {
  const model = buildNet('resnet18')
  const { network } = countModel(model, 'r', { fused: true })
  const { network: single } = countModel(model, 'r')
  expect(network.fused).toBe(true)
  expect(network.layers.names.length).toBeLessThan(single.layers.names.length)
  expect(network.layers.nodes.flat().sort()).toEqual([...single.layers.names].sort())
})

it('takes 224 for height and width that a file leaves open, and says so', () => {
  const { network } = countAtFirst(sums(['n', 3, 'h', 'w']), 'open')
  expect(network.guessed).toEqual(['x'])
  expect(network.inputs).toEqual([{ name: 'x', shape: [1, 3, 224, 224], declared: ['n', 3, 'h', 'w'] }])
  expect(network.totals.adds).toBe(2 * 3 * 224 * 224)
  const other = countModel(sums(['n', 3, 'h', 'w']), 'open', { inputs: { x: [2, 3, 8, 8] } }, network).network
  expect([other.totals.adds, other.guessed]).toEqual([768, []])
  const fused = countModel(sums(['n', 3, 'h', 'w']), 'open', { inputs: { x: [1, 3, 224, 224] }, fused: true }, network)
  expect(fused.network.guessed).toEqual(['x'])
})

it('guesses nothing where only the batch is open', () => {
  expect(countAtFirst(sums(['n', 5]), 'batch').network).toMatchObject({ guessed: [], inputs: [{ shape: [1, 5] }] })
})

it('tells the problem where no guess fits', () => {
  const graph = new GraphBuilder('test')
  const [a, b] = [graph.input('a', 'float32', [1, 'k']), graph.input('b', 'float32', [7, 3])]
  graph.output(graph.node('MatMul', [a, b]))
  const { network, profile } = countAtFirst(graph.model(), 'product')
  expect(profile).toBeUndefined()
  expect(network.problem).toContain('Input "a" [1,k] has no size for "k"')
  expect(network.layers.names).toEqual([])
  expect(network.inputs[0]).toEqual({ name: 'a', shape: [1, null], declared: [1, 'k'] })
})

it('throws what the library throws of shapes that do not fit', () => {
  expect(() => countModel(sums([1, 3, 8, 8]), 'x', { inputs: { x: [3, 8, 8] } })).toThrow('has 4 dimensions')
})
