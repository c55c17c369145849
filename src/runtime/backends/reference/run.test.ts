import { describe, expect, it } from 'vitest'
import { editGraph, GraphBuilder, type Model, makeNode, tensorOf } from '../../../graph/index.ts'
import { UnsupportedError } from '../../../plan/index.ts'
import { hostTensor } from '../../tensor.ts'
import { referenceRun } from './run.ts'

const feed = (...values: number[]) => new Map([['x', hostTensor('float32', [values.length], values)]])

/** y = f(x) for a vector. */
function network(size: number, make: (b: GraphBuilder, x: string) => string): Model {
  const b = new GraphBuilder('net')
  b.output(make(b, b.input('x', 'float32', [size])))
  return b.model()
}

const only = (outputs: ReadonlyMap<string, { data: ArrayLike<unknown> }>) =>
  Array.from([...outputs.values()][0]?.data ?? [])

describe('the reference backend', () => {
  it('runs nodes in order and gives the outputs by name', () => {
    const b = new GraphBuilder('net')
    const x = b.input('x', 'float32', [2])
    const sum = b.node('Add', [x, b.constant('c', tensorOf('float32', [], [1]))])
    b.output(b.node('Relu', [sum], {}, { outputs: ['positive'] }))
    b.output(b.node('Shape', [sum], {}, { outputs: ['size'] }))
    const outputs = referenceRun(b.model(), feed(-3, 2))
    expect([...outputs]).toEqual([
      ['positive', { elementType: 'float32', shape: [2], data: Float32Array.of(0, 3) }],
      ['size', { elementType: 'int64', shape: [1], data: BigInt64Array.of(2n) }],
    ])
  })

  it('rounds float32 at every node, and not at all in float64', () => {
    const model = network(1, (b, x) => b.node('Div', [b.node('Exp', [x]), x]))
    expect(only(referenceRun(model, feed(3)))).toEqual([Math.fround(Math.fround(Math.exp(3)) / 3)])
    const outputs = referenceRun(model, feed(3), { precision: 'float64' })
    expect([...outputs.values()][0]?.elementType).toBe('float64')
    expect(only(outputs)).toEqual([Math.exp(3) / 3])
  })

  it('gives other values when asked, and then leaves out what they do not need', () => {
    const model = network(1, (b, x) => {
      const half = b.node('Neg', [x], {}, { outputs: ['half'] })
      return b.node('NoSuchThing', [half])
    })
    expect(only(referenceRun(model, feed(5), { outputs: ['half'] }))).toEqual([-5])
  })

  it('follows sizes that depend on data', () => {
    const model = network(4, (b, x) => b.node('Squeeze', [b.node('NonZero', [x])]))
    expect(only(referenceRun(model, feed(0, 7, 0, 9)))).toEqual([1n, 3n])
  })

  it('keeps a value until its last reader has run', () => {
    const model = network(1, (b, x) => {
      const two = b.node('Add', [x, x])
      return b.node('Add', [b.node('Mul', [two, two]), two])
    })
    expect(only(referenceRun(model, feed(3)))).toEqual([42])
  })

  it('inlines functions of the model', () => {
    const calling = network(1, (b, x) => b.node('Twice', [x], {}, { domain: 'mine' }))
    const twice = {
      name: 'Twice',
      domain: 'mine',
      inputs: ['a'],
      outputs: ['b'],
      attributes: [],
      defaults: new Map(),
      nodes: [makeNode('Add', ['a', 'a'], ['b'])],
      opsetImports: new Map([['', 17]]),
    }
    const model = editGraph(calling).setFunctions([twice]).model()
    expect(only(referenceRun(model, feed(4)))).toEqual([8])
  })

  it.each([
    [
      'NoSuchThing',
      'far.away',
      'far.away.NoSuchThing "it" cannot be run: the operator is not known. docs/operators.md lists the operators that can.',
    ],
    [
      'RandomNormalLike',
      '',
      'RandomNormalLike "it" cannot be run: it has no scalar reference. docs/operators.md lists the operators that can.',
    ],
  ])('says that %s is not supported', (opType, domain, message) => {
    const model = network(1, (b, x) => b.node(opType, [x], {}, { name: 'it', domain }))
    let caught: unknown
    try {
      referenceRun(model, feed(1))
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(UnsupportedError)
    expect((caught as UnsupportedError).message).toBe(message)
    expect((caught as UnsupportedError).details).toMatchObject({ domain, opType, node: 'it' })
  })

  it('says that a node is not supported as it is', () => {
    // Running statistics are asked for, which only training has.
    const model = network(1, (b, x) => {
      const vectors = ['scale', 'bias', 'mean', 'var'].map((name) => b.constant(name, tensorOf('float32', [1], [1])))
      const outputs = ['y', 'next_mean']
      return b.node('Add', [b.node('BatchNormalization', [x, ...vectors], {}, { name: 'it', outputs }), 'next_mean'])
    })
    expect(() => referenceRun(model, feed(1))).toThrow(
      'BatchNormalization "it" cannot be run: it has no scalar reference for these types and attributes.',
    )
  })

  it('names an input that is missing', () => {
    expect(() =>
      referenceRun(
        network(1, (b, x) => b.node('Neg', [x])),
        new Map(),
      ),
    ).toThrow('Input "x" is missing.')
  })

  it('checks shapes as they are', () => {
    const model = network(2, (b, x) => b.node('Add', [x, b.constant('c', tensorOf('float32', [3], [1, 2, 3]))]))
    expect(() => referenceRun(model, feed(1, 2))).toThrow('the shapes cannot be broadcast together')
  })
})
