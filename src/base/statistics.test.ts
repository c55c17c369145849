import { expect, it } from 'vitest'
import { spreadOf } from './statistics.ts'

it('the spread of measurements is that of a sample', () => {
  // numpy: np.std([2, 4, 9], ddof=1)
  expect(spreadOf([2, 4, 9]).mean).toBeCloseTo(5, 12)
  expect(spreadOf([2, 4, 9]).deviation).toBeCloseTo(3.605551275463989, 12)
  expect(spreadOf([7])).toEqual({ mean: 7, deviation: 0, count: 1 })
  expect(spreadOf([])).toEqual({ mean: Number.NaN, deviation: 0, count: 0 })
})
