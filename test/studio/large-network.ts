// A network of any number of nodes whose names say nothing: convolutions, activations, and sums of what was made shortly before.

import { seededRandom } from '../../src/base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../src/graph/index.ts'

const channels = 8

/** @param count of nodes */
export function largeNetwork(count: number, seed = 1): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder(`random-${count}`)
  const made = [b.input('image', 'float32', [1, channels, 16, 16])]
  const last = () => made.at(-1)!
  const recent = () => made[Math.max(0, made.length - 2 - random.below(6))]!
  for (let i = 0; i < count - 1; i++) {
    const chance = random.below(10)
    const [op, inputs] =
      chance < 3
        ? (['Conv', [last(), weight(b, i, random)]] as const)
        : chance < 7
          ? (['Relu', [last()]] as const)
          : (['Add', [last(), recent()]] as const)
    made.push(b.node(op, inputs, op === 'Conv' ? { kernel_shape: [1, 1] } : {}, { name: `${op}_${i}` }))
  }
  b.output(b.node('GlobalAveragePool', [last()], {}, { name: 'pool' }))
  return b.model()
}

function weight(b: GraphBuilder, i: number, random: { normal(): number }): string {
  const values = Float32Array.from({ length: channels * channels }, () => random.normal() / channels)
  return b.constant(`w${i}`, tensorOf('float32', [channels, channels, 1, 1], values))
}
