import { expect, it } from 'vitest'
import { didYouMean, nearestName } from './nearest.ts'

const names = ['momentum', 'nesterov', 'kind']

it('the nearest name is near', () => {
  expect(['momentm', 'Momentum', 'mometnum', 'kidn', 'x', 'betas'].map((n) => nearestName(n, names))).toEqual([
    'momentum',
    'momentum',
    'momentum',
    'kind',
    undefined,
    undefined,
  ])
})

it('a sentence asks for it, where there is one', () => {
  expect(didYouMean('momentm', names)).toBe(' Did you mean "momentum"?')
  expect(didYouMean('betas', names)).toBe('')
})
