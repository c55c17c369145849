import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { operators } from '../ops/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from '../runtime/index.ts'
import { valueBounds } from './bounds.ts'
import { prepare } from './units.ts'

const shape = [1, 4, 6, 6]
const { POSITIVE_INFINITY: infinity } = Number

/** Bounds of a value made from x [1, 4, 6, 6]. */
function boundsOf(build: (b: GraphBuilder, x: string) => string) {
  const b = new GraphBuilder('bounds')
  const y = build(b, b.input('x', 'float32', shape))
  b.output(y)
  return valueBounds(prepare(b.model(), new Map([['x', shape]]), operators)).get(y)
}
const scalar = (b: GraphBuilder, name: string, value: number) => b.constant(name, tensorOf('float32', [], [value]))
const relu6 = (b: GraphBuilder, x: string) => b.node('Clip', [x, scalar(b, 'zero', 0), scalar(b, 'six', 6)])

describe('what is known of values before running', () => {
  it.each<[string, (b: GraphBuilder, x: string) => string, ReturnType<typeof boundsOf>]>([
    ['an input', (b, x) => b.node('Identity', [x]), undefined],
    ['Relu', (b, x) => b.node('Relu', [x]), { lo: 0, hi: infinity }],
    ['Clip', relu6, { lo: 0, hi: 6 }],
    ['Clip from one side', (b, x) => b.node('Clip', [x, '', scalar(b, 'six', 6)]), { lo: -infinity, hi: 6 }],
    ['Clip of what lies outside', (b, x) => b.node('Clip', [relu6(b, x), scalar(b, 'nine', 9)]), { lo: 9, hi: 9 }],
    ['Sigmoid', (b, x) => b.node('Sigmoid', [x]), { lo: 0, hi: 1 }],
    ['a sum', (b, x) => b.node('Add', [relu6(b, x), b.node('Sigmoid', [x])]), { lo: 0, hi: 7 }],
    ['a sum with an unknown', (b, x) => b.node('Add', [relu6(b, x), x]), undefined],
    ['Concat', (b, x) => b.node('Concat', [relu6(b, x), b.node('Relu', [x])], { axis: 1 }), { lo: 0, hi: infinity }],
    ['Max', (b, x) => b.node('Max', [x, relu6(b, x)]), { lo: 0, hi: infinity }],
    ['pooling', (b, x) => b.node('MaxPool', [relu6(b, x)], { kernel_shape: [2, 2] }), { lo: 0, hi: 6 }],
    [
      'an average with padding',
      (b, x) => {
        const one = b.node('Clip', [x, scalar(b, 'one', 1), scalar(b, 'six', 6)])
        return b.node('AveragePool', [one], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })
      },
      { lo: 0, hi: 6 },
    ],
    ['a product', (b, x) => b.node('Mul', [relu6(b, x), relu6(b, x)]), undefined],
  ])('%s', (_, build, expected) => {
    expect(boundsOf(build)).toEqual(expected)
  })
})

describe('adder layers with weights far outside their inputs', () => {
  const random = seededRandom(3)
  const floats = (size: readonly number[], scale: number) =>
    Float32Array.from({ length: elementCount(size)! }, () => scale * random.normal())
  /** Weights as published networks have them: ones, and a few of hundreds; what follows takes the mean of thousands away. */
  function network(bounded: (b: GraphBuilder, x: string) => string): Model {
    const b = new GraphBuilder('wide')
    const weights = floats([8, 64, 3, 3], 1).map((w, i) => (i % 97 === 0 ? 100 * w : w))
    const w = b.constant('w', tensorOf('float32', [8, 64, 3, 3], weights))
    const x = bounded(b, b.input('x', 'float32', [1, 64, 8, 8]))
    const y = b.node('AdderConv', [x, w], { pads: [1, 1, 1, 1] }, { domain: 'ai.kerf' })
    const vector = (name: string, value: number) =>
      b.constant(name, tensorOf('float32', [8], new Float32Array(8).fill(value)))
    const normal = [y, vector('g', 1), vector('b', 0), vector('m', -1800), vector('v', 1)]
    b.output(b.node('BatchNormalization', normal, {}, { outputs: ['y'] }))
    return b.model()
  }
  const x = hostTensor('float32', [1, 64, 8, 8], floats([1, 64, 8, 8], 1))

  it.each<[string, (b: GraphBuilder, x: string) => string]>([
    ['behind Relu', (b, v) => b.node('Relu', [v])],
    ['behind Clip', relu6],
  ])('%s keep their precision', async (_, bounded) => {
    const model = network(bounded)
    const exact = hostValues(referenceRun(model, new Map([['x', x]]), { precision: 'float64' }).get('y')!)
    const session = await createSession(model)
    const { y } = await session.run({ x })
    session.dispose()
    const worst = hostValues(y!).reduce((m, v, i) => Math.max(m, Math.abs(v - exact[i]!)), 0)
    // Sums are about 1800, of which a step of float32 is 1.2e-4; what shifting all weights above 0 would cost is 100 times more.
    expect(worst).toBeLessThan(1.5e-3)
  })
})
