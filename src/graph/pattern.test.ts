import { describe, expect, it } from 'vitest'
import { operators } from '../ops/index.ts'
import { analyse, GraphBuilder, matched, op, type Pattern, value } from './index.ts'

/** x − mean(x), of which the mean is `mean` and the difference `centred`. */
function centring(more: (b: GraphBuilder) => void = () => {}) {
  const b = new GraphBuilder('g')
  const x = b.input('x', 'float32', [2, 3])
  b.input('other', 'float32', [2, 3])
  b.node('ReduceMean', [x], { axes: [1] }, { outputs: ['mean'] })
  b.node('Sub', [x, 'mean'], {}, { outputs: ['centred'] })
  b.output(b.node('Mul', ['centred', 'centred'], {}, { outputs: ['squared'] }))
  more(b)
  const analysis = analyse(b.model(), operators)
  return (name: string, pattern: Pattern) => {
    const found = matched(analysis, name, pattern)
    return found && Object.fromEntries(found)
  }
}

const difference = op('Sub', [value('x'), op('ReduceMean', [value('x')], { as: 'mean' })])

describe('patterns', () => {
  it('name the values that they meet, and the same name is the same value', () => {
    const find = centring((b) => b.node('Sub', ['other', 'mean'], {}, { outputs: ['stray'] }))
    expect(find('centred', difference)).toEqual({ x: 'x', mean: 'mean' })
    expect(find('stray', difference)).toBeUndefined()
    expect(find('squared', op(['Pow', 'Mul'], [value('c'), value('c')]))).toEqual({ c: 'centred' })
    expect(find('centred', op('Sub', [value('c'), value('c')]))).toBeUndefined()
  })

  it('tell operators by domain, and first outputs from others', () => {
    const find = centring((b) => {
      b.node('Neg', ['x'], {}, { domain: 'com.example', outputs: ['minus'] })
      b.node('Split', ['x'], { axis: 0 }, { outputs: ['first', 'second'] })
    })
    expect(find('minus', op('Neg'))).toBeUndefined()
    expect(find('minus', op('Neg', [], { domain: 'com.example' }))).toEqual({})
    expect(find('first', op('Split'))).toEqual({})
    expect(find('second', op('Split'))).toBeUndefined()
    expect(find('x', op('Relu'))).toBeUndefined()
    expect(find('x', op('Relu', [value('nothing')]))).toBeUndefined()
  })

  const behind = op('Sub', [value('x'), op('ReduceMean', [], { alone: true })])
  it.each<[string, boolean, (b: GraphBuilder) => void]>([
    ['nobody else', true, () => {}],
    ['who asks for its shape', true, (b) => b.node('Shape', ['mean'])],
    ['another node', false, (b) => b.node('Neg', ['mean'])],
    ['the caller', false, (b) => b.output('mean')],
  ])('can ask that a value is for one reader: it is read by %s besides', (_, fits, more) => {
    expect(centring(more)('centred', behind) !== undefined).toBe(fits)
  })

  it('take a value that is read twice by one node for read more than once', () => {
    expect(centring()('squared', op('Mul', [value('c', { alone: true })]))).toBeUndefined()
  })
})
