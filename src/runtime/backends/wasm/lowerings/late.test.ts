import { expect, it, vi } from 'vitest'
import { GraphBuilder } from '../../../../graph/index.ts'
import { makePlan, planFor } from '../../../../plan/index.ts'

const shapes = new Map([['x', [1, 4, 5, 5]]])

function network(opType: string, attributes = {}) {
  const b = new GraphBuilder('one', 17)
  b.output(b.node(opType, [b.input('x', 'float32', ['N', 4, 5, 5])], attributes, { outputs: ['y'] }))
  return b.model()
}

it('lowerings of rare operators are loaded for the graphs that have them, and never missed in silence', async () => {
  // What is loaded stays so in a process: a module of its own.
  vi.resetModules()
  const { abilitiesOf } = await import('./index.ts')
  const wasm = abilitiesOf()
  const quantising = network('DynamicQuantizeLinear')
  const { tasks } = await planFor(network('Relu'), shapes, wasm)
  expect(tasks.map(({ kind }) => kind)).toEqual(['compute'])
  expect(() => makePlan(quantising, shapes, wasm)).toThrow('Nobody has loaded what does DynamicQuantizeLinear')
  const plan = await planFor(quantising, shapes, wasm)
  expect(plan.tasks.map(({ kind }) => kind)).toEqual(['compute'])
  expect(plan.onHost).toEqual([])
  // None is written for this one.
  const { onHost } = await planFor(network('NonZero'), shapes, wasm)
  expect(onHost).toEqual(['NonZero "NonZero_0" (none is written)'])
})
