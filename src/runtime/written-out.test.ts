// Activations that an exporter wrote as simpler operators run as one, and are counted so.

import { expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { profileModel } from '../cost/index.ts'
import { float, GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { makePlan, withWeights } from '../plan/index.ts'
import { abilitiesOf, allLowerings } from './backends/wasm/lowerings/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from './index.node.ts'

const wasm = abilitiesOf(await allLowerings())

/** A 1×1 convolution, an activation, another convolution, its sum with the first one's result. */
function network(activation: (b: GraphBuilder, x: string, k: (value: number) => string) => string): Model {
  const random = seededRandom(3)
  const b = new GraphBuilder('g')
  const drawn = (shape: number[]) => tensorOf('float32', shape, Float32Array.from({ length: 36 }, random.normal))
  const conv = (x: string, i: number) => b.node('Conv', [x, b.constant(`w${i}`, drawn([6, 6, 1, 1]))])
  const k = (value: number) => b.constant(`k${value}`, tensorOf('float32', [1], [value]))
  const x = conv(b.input('x', 'float32', [1, 6, 5, 5]), 0)
  b.output(conv(activation(b, x, k), 1))
  return b.model()
}

const halved = (b: GraphBuilder, x: string, t: string, k: (value: number) => string) =>
  b.node('Mul', [b.node('Mul', [x, b.node('Add', [t, k(1)])]), k(0.5)])

const networks = {
  'Div+Erf+Add+Mul+Mul': network((b, x, k) => halved(b, x, b.node('Erf', [b.node('Div', [x, k(Math.SQRT2)])]), k)),
  'Pow+Mul+Add+Mul+Tanh+Add+Mul+Mul': network((b, x, k) => {
    const sum = b.node('Add', [x, b.node('Mul', [k(0.044715), b.node('Pow', [x, k(3)])])])
    return halved(b, x, b.node('Tanh', [b.node('Mul', [sum, k(Math.sqrt(2 / Math.PI))])]), k)
  }),
  'Sigmoid+Mul': network((b, x) => b.node('Mul', [x, b.node('Sigmoid', [x])])),
  'Mul+Sigmoid+Mul': network((b, x, k) => b.node('Mul', [x, b.node('Sigmoid', [b.node('Mul', [x, k(1.702)])])])),
  'HardSigmoid+Mul': network((b, x) => b.node('Mul', [x, b.node('HardSigmoid', [x], { alpha: float(1 / 6) })])),
}

it.each(Object.entries(networks))('%s', async (operators, model) => {
  const session = await createSession(model, { threads: 1 })
  const x = hostTensor('float32', [1, 6, 5, 5], Float32Array.from({ length: 150 }, seededRandom(4).normal))
  const got = hostValues(Object.values(await session.run({ x }))[0]!)
  const { tasks } = await session.profile({ x }, 0)
  await session.dispose()
  const [result] = referenceRun(model, new Map([['x', x]])).values()
  const wanted = hostValues(result!)
  expect(Math.max(...Array.from(got, (v, i) => Math.abs(v - wanted[i]!)))).toBeLessThan(2e-5)
  const computed = tasks.filter(({ kind }) => kind === 'compute').map((task) => task.operators.join('+'))
  const counted = profileModel(model, { fused: true }).layers.map(({ op }) => op)
  expect(computed).toEqual(['Conv', operators, 'Conv'])
  // The fused count has an activation with the layer before it.
  expect(counted).toEqual([`Conv+${operators}`, 'Conv'])
})

it('a plan with other weights is one for the same factors alone', () => {
  const model = networks['Mul+Sigmoid+Mul']
  const plan = makePlan(model, new Map([['x', [1, 6, 5, 5]]]), wasm)
  const other = (name: string, values: ArrayLike<number>): Model => {
    const initializers = new Map(model.graph.initializers)
    initializers.set(name, tensorOf('float32', initializers.get(name)!.shape, values))
    return { ...model, graph: { ...model.graph, initializers } }
  }
  const next = withWeights(plan, other('w0', new Float32Array(36)))
  expect(next).toBeDefined()
  expect(withWeights(plan, other('k1.702', [1]))).toBeUndefined()
  expect(withWeights(next!, other('k1.702', [1]))).toBeUndefined()
})
