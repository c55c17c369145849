import { describe, expect, it } from 'vitest'
import { GraphBuilder, type Model, type Tensor, tensorOf } from '../graph/index.ts'
import type { Abilities } from './ability.ts'
import { makePlan, type Plan } from './plan.ts'
import { withWeights } from './with-weights.ts'

const shape = [1, 2, 3, 3]
/** Everything is computed by the backend; clamps and normalisations go into what is in front of them. */
const abilities: Abilities = { supports: () => ({ layout: 'plain', fuses: { affine: true, clamp: true } }) }
const planOf = (model: Model): Plan => makePlan(model, new Map([['x', shape]]), abilities)
const floats = (of: readonly number[], value = 1) =>
  tensorOf('float32', of, new Float32Array(of.reduce((p, d) => p * d, 1)).fill(value))

function network(): Model {
  const b = new GraphBuilder('net')
  const parameters = ['g', 'b', 'm', 'v'].map((name) => b.constant(name, floats([2])))
  const convolved = b.node('Conv', [b.input('x', 'float32', shape), b.constant('w', floats([2, 2, 1, 1]))])
  const normal = b.node('BatchNormalization', [convolved, ...parameters])
  b.output(b.node('Clip', [normal, b.constant('lo', floats([], 0)), b.constant('hi', floats([], 6))]))
  return b.model()
}

const changed = (model: Model, name: string, tensor: Tensor): Model => ({
  ...model,
  graph: { ...model.graph, initializers: new Map(model.graph.initializers).set(name, tensor) },
})

describe('a plan with other weights', () => {
  const plan = planOf(network())
  const { model } = plan

  it.each(['w', 'g', 'b', 'm', 'v'])('does the same with another %s', (name) => {
    const own = changed(model, name, floats(model.graph.initializers.get(name)!.shape, 3))
    const found = withWeights(plan, own)!
    expect(found.tasks).toBe(plan.tasks)
    expect(found.prepared.stored.get(name)).toBe(own.graph.initializers.get(name))
    expect(plan.prepared.stored.get(name)).toBe(model.graph.initializers.get(name))
  })

  it('of which nothing has changed is the plan', () => {
    expect(withWeights(plan, { ...model })?.tasks).toBe(plan.tasks)
  })

  it.each([
    ['what it was made for: a bound', changed(model, 'hi', floats([], 3))],
    ['a shape', changed(model, 'w', floats([2, 2, 1, 1, 1]))],
    ['an element type', changed(model, 'w', tensorOf('float64', [2, 2, 1, 1], new Float64Array(4)))],
    ['the nodes', { ...model, graph: { ...model.graph, nodes: model.graph.nodes.map((node) => ({ ...node })) } }],
    ['the outputs', { ...model, graph: { ...model.graph, outputs: [] } }],
    ['what is stored', changed(model, 'more', floats([2]))],
  ])('is none where %s is another', (_, own) => {
    expect(withWeights(plan, own)).toBeUndefined()
  })

  it('is none where weights that became a bound have changed, however they did', () => {
    const b = new GraphBuilder('net')
    const bound = b.node('ReduceMax', [b.constant('most', floats([3], 2))], { keepdims: 0 })
    const product = b.node('Conv', [b.input('x', 'float32', shape), b.constant('w', floats([2, 2, 1, 1]))])
    b.output(b.node('Clip', [product, '', bound]))
    const own = planOf(b.model())
    expect(withWeights(own, changed(own.model, 'w', floats([2, 2, 1, 1], 5)))?.tasks).toBe(own.tasks)
    expect(withWeights(own, changed(own.model, 'most', floats([3], 5)))).toBeUndefined()
  })
})
