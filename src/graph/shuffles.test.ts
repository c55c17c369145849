import { expect, it } from 'vitest'
import { operators } from '../ops/index.ts'
import { analyse } from './analysis.ts'
import { GraphBuilder } from './builder.ts'
import { shufflesBehind } from './shuffles.ts'

type Step = (b: GraphBuilder, x: string) => string

const reshape =
  (...shape: number[]): Step =>
  (b, x) =>
    b.node('Reshape', [x, b.ints(`${x}_shape`, shape)])
const transpose =
  (...perm: number[]): Step =>
  (b, x) =>
    b.node('Transpose', [x], { perm })
const node =
  (opType: string): Step =>
  (b, x) =>
    b.node(opType, [x])

/** Where a graph of these steps from [2, 6, 3, 4] has channels again, by their order. */
const orders = (...steps: Step[]): number[][] | undefined => ordersFrom([2, 6, 3, 4], ...steps)

function ordersFrom(shape: readonly number[], ...steps: Step[]): number[][] | undefined {
  const b = new GraphBuilder('shuffled')
  let value = b.input('x', 'float32', shape)
  for (const step of steps) value = step(b, value)
  b.output(b.node('Relu', [value], {}, { outputs: ['y'] }))
  const graph = analyse(b.model(), operators)
  return shufflesBehind(graph, 'x', 1, graph.model.graph.nodes[0]!)?.map(({ order }) => [...order])
}

it('finds the order that a shuffle gives channels', () => {
  const three = [0, 2, 4, 1, 3, 5]
  expect(orders(reshape(2, 3, 2, 3, 4), transpose(0, 2, 1, 3, 4), reshape(2, 6, 3, 4))).toEqual([three])
  const together = [
    reshape(2, 3, 2, 12),
    node('Identity'),
    transpose(0, 2, 1, 3),
    reshape(2, 6, 12),
    reshape(2, 6, 3, 4),
  ]
  expect(orders(...together)).toEqual([three])
  expect(orders(reshape(12, 12), reshape(2, 6, 3, 4))).toEqual([[0, 1, 2, 3, 4, 5]])
})

it('finds none where more than the order of channels changes', () => {
  expect(orders(transpose(0, 1, 3, 2), reshape(2, 6, 3, 4))).toBeUndefined()
  expect(orders(reshape(2, 3, 2, 3, 4), transpose(0, 2, 1, 3, 4), node('Neg'), reshape(2, 6, 3, 4))).toBeUndefined()
  // Five does not divide what 6 channels of 12 places hold.
  expect(orders(reshape(2, 8, 9), transpose(0, 2, 1), reshape(2, 6, 3, 4))).toBeUndefined()
  expect(orders(reshape(2, 3, 2, 3, 4), transpose(0, 2, 1, 3, 4))).toBeUndefined()
})

it('takes as long for a batch of 2^40 as for one of 2', () => {
  const batch = 2 ** 40
  const steps = [reshape(batch, 3, 2, 3, 4), transpose(0, 2, 1, 3, 4), reshape(batch, 6, 3, 4)]
  expect(ordersFrom([batch, 6, 3, 4], ...steps)).toEqual([[0, 2, 4, 1, 3, 5]])
  // Halves of the batch in turns: another order of it.
  const turned = [reshape(2, batch / 2, 72), transpose(1, 0, 2), reshape(batch, 6, 3, 4)]
  expect(ordersFrom([batch, 6, 3, 4], ...turned)).toBeUndefined()
})
