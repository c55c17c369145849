import { expect, it } from 'vitest'
import { tensorOf, tensorValues } from '../graph/index.ts'
import { denseData } from './sparse.ts'

const at = (shape: readonly number[]) =>
  denseData({ values: tensorOf('float32', [1], [7]), indices: tensorOf('int64', [1], [2]), shape }, 'The constant "s"')

it('a sparse tensor gets its zeros when its bytes are asked for', () => {
  expect([...tensorValues({ elementType: 'float32', shape: [4], data: at([4]) })]).toEqual([0, 0, 7, 0])
})

it('a sparse tensor of a few bytes that stands for a terabyte is refused before it is made', () => {
  expect(() => at([2 ** 38]).bytes()).toThrow(
    expect.objectContaining({
      code: 'out-of-memory',
      message: expect.stringMatching(/^The constant "s", with its zeros, takes 1024 GiB; the limit is /),
    }),
  )
})
