import { expect, it } from 'vitest'
import { analyse, GraphBuilder, tensorOf } from '../../graph/index.ts'
import { operators } from '../index.ts'

it.each([
  ['RandomNormal', []],
  ['RandomUniform', []],
  ['RandomNormalLike', ['c']],
  ['RandomUniformLike', ['c']],
])('what %s makes is never taken for a constant', (opType, inputs) => {
  const b = new GraphBuilder('random')
  b.constant('c', tensorOf('float32', [2], [1, 2]))
  const y = b.node(opType, inputs, inputs.length > 0 ? {} : { shape: [2] })
  const z = b.node('Neg', [y])
  b.output(z)
  const { constants, values } = analyse(b.model(), operators)
  expect(constants.has('c')).toBe(true)
  expect([y, z].map((name) => [constants.has(name), values.get(name)?.value])).toEqual([
    [false, undefined],
    [false, undefined],
  ])
})
