import { expect, it } from 'vitest'
import { GraphBuilder, inFloat32, type Model, tensorOf, tensorValues } from './index.ts'

/** Halves in a weight, the input, a Cast to halves in the body of an If, and a tensor that an attribute holds. */
function halves(): Model {
  const b = new GraphBuilder('halves')
  const x = b.input('x', 'float16', ['N', 2])
  const w = b.constant('w', tensorOf('float16', [2], [1.5, -2]))
  const c = b.node('Constant', [], { value: tensorOf('float16', [1], [0.25]) })
  const sum = b.node('Add', [b.node('Mul', [x, w]), c])
  b.output(b.node('Cast', [b.node('Cast', [sum], { to: 1 })], { to: 10 }))
  return b.model()
}

it('puts float32 in the place of 16-bit floats wherever a model has them, with the same values', () => {
  const { graph } = inFloat32(halves())
  expect(graph.inputs[0]?.type).toMatchObject({ elementType: 'float32', shape: ['N', 2] })
  expect(graph.initializers.get('w')).toMatchObject({ elementType: 'float32', shape: [2] })
  expect([...tensorValues(graph.initializers.get('w')!)]).toEqual([1.5, -2])
  const value = graph.nodes.find((n) => n.opType === 'Constant')?.attributes.get('value')
  expect(value).toMatchObject({ kind: 'tensor', value: { elementType: 'float32' } })
  const casts = graph.nodes.filter((n) => n.opType === 'Cast').map((n) => n.attributes.get('to'))
  expect(casts).toMatchObject([{ value: 1 }, { value: 1 }])
  expect(JSON.stringify([...graph.inputs, ...graph.outputs])).not.toContain('float16')
})

it('reaches the bodies of nodes and of functions', () => {
  const { graph, ...model } = halves()
  const body = { kind: 'graph' as const, value: graph }
  const node = {
    ...{ name: 'if', opType: 'If', domain: '', inputs: ['p'], outputs: ['y'] },
    attributes: new Map([['then_branch', body]]),
  }
  const own = {
    ...{ name: 'f', domain: 'own', inputs: ['x'], outputs: ['y'], attributes: [], defaults: new Map() },
    ...{ nodes: graph.nodes, opsetImports: new Map([['', 17]]) },
  }
  const outer = { ...graph, inputs: [], outputs: [], initializers: new Map(), valueInfo: new Map(), nodes: [node] }
  const text = JSON.stringify(inFloat32({ ...model, graph: outer, functions: [own] }), (_, value: unknown) =>
    value instanceof Map ? [...value] : value,
  )
  expect(text).toContain('float32')
  expect(text).not.toMatch(/float16|"value":10[,}]/)
})

it('leaves a model without them as it is', () => {
  const b = new GraphBuilder('plain')
  b.output(b.node('Add', [b.input('x', 'float32', [1]), b.constant('one', tensorOf('float32', [1], [1]))]))
  const model = b.model()
  expect(inFloat32(model)).toBe(model)
})
