import { expect, it } from 'vitest'
import { relativeDifference } from './agreement.ts'

const outputs = (values: Record<string, number[]>) =>
  new Map(
    Object.entries(values).map(([name, v]) => [name, { shape: [v.length], values: Float64Array.from(v) }] as const),
  )
const difference = (a: Record<string, number[]>, b: Record<string, number[]>) =>
  relativeDifference(outputs(a), outputs(b))

it('is a part of the largest value of the output that differs most', () => {
  expect(difference({ a: [1, -4], b: [100] }, { a: [1, -3], b: [110] })).toBe(0.25)
  expect(difference({ a: [0] }, { a: [2] })).toBe(2)
  expect(difference({ a: [1, 2] }, { a: [1, 2] })).toBe(0)
})

it('takes what is missing, or no number on one side alone, for no agreement', () => {
  const [nan, infinity] = [Number.NaN, Number.POSITIVE_INFINITY]
  expect(difference({ a: [1] }, {})).toBe(infinity)
  expect(difference({ a: [1] }, { a: [1, 2] })).toBe(infinity)
  expect(difference({ a: [nan] }, { a: [1] })).toBe(infinity)
  expect(difference({ a: [1] }, { a: [nan] })).toBe(infinity)
  expect(difference({ a: [nan, infinity] }, { a: [nan, infinity] })).toBe(0)
})
