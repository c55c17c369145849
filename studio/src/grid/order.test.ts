import { describe, expect, it } from 'vitest'
import { sumText } from './column.ts'
import { nextSort, orderOf } from './order.ts'

const numbers = [3, Number.NaN, 1, 3, 2]
const texts = ['b', '', 'a', 'c', 'a']

describe('orderOf', () => {
  it('keeps the order of the network where nothing is asked', () => {
    expect(orderOf(3)).toEqual([0, 1, 2])
    expect(orderOf(5, (row) => row % 2 === 0)).toEqual([0, 2, 4])
  })

  it('sorts numbers, equal ones as they were, unknown ones last in either direction', () => {
    expect(orderOf(5, undefined, { value: (row) => numbers[row]! })).toEqual([2, 4, 0, 3, 1])
    expect(orderOf(5, undefined, { value: (row) => numbers[row]! }, true)).toEqual([0, 3, 4, 2, 1])
  })

  it('sorts texts, empty ones last', () => {
    expect(orderOf(5, undefined, { value: (row) => texts[row]! })).toEqual([2, 4, 0, 3, 1])
    expect(orderOf(5, (row) => row !== 2, { value: (row) => texts[row]! }, true)).toEqual([3, 0, 4, 1])
  })
})

describe('nextSort', () => {
  const column = { width: 1, header: '', value: () => 0 }

  it('goes from the largest number to the smallest and back to the order of the network', () => {
    const macs = { ...column, key: 'macs', numeric: true }
    const first = nextSort({ key: 'name', descending: false }, macs)
    expect(first).toEqual({ key: 'macs', descending: true })
    expect(nextSort(first, macs)).toEqual({ key: 'macs', descending: false })
    expect(nextSort(nextSort(first, macs), macs)).toBeUndefined()
  })

  it('begins texts with A', () => {
    expect(nextSort(undefined, { ...column, key: 'name' })).toEqual({ key: 'name', descending: false })
  })
})

it('marks sums that lack something', () => {
  expect(sumText((row) => numbers[row]!, [0, 2, 3])).toBe('7')
  expect(sumText((row) => 1000 * numbers[row]!, [0, 1, 2])).toBe('≥ 4,000')
})
