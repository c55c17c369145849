import { expect, it } from 'vitest'
import { relativeDifference } from './difference.ts'

const difference = (a: Record<string, number[]>, b: Record<string, number[]>) =>
  relativeDifference(new Map(Object.entries(a)), new Map(Object.entries(b)))

it('is a part of the largest value of the output that differs most', () => {
  expect(difference({ a: [1, -4], b: [100] }, { a: [1, -3], b: [110] })).toBe(0.25)
  expect(difference({ a: [0] }, { a: [2] })).toBe(2)
  expect(difference({ a: [1, 2] }, { a: [1, 2] })).toBe(0)
})

it('takes what is missing, or no number on one side alone, for no agreement', () => {
  expect(difference({ a: [1] }, {})).toBe(Number.POSITIVE_INFINITY)
  expect(difference({ a: [1] }, { a: [1, 2] })).toBe(Number.POSITIVE_INFINITY)
  expect(difference({ a: [Number.NaN] }, { a: [1] })).toBe(Number.POSITIVE_INFINITY)
  expect(difference({ a: [Number.NaN, Number.POSITIVE_INFINITY] }, { a: [Number.NaN, Number.POSITIVE_INFINITY] })).toBe(
    0,
  )
})
