import { describe, expect, it } from 'vitest'
import { type AttributeValue, floats, runForward } from '../../graph/index.ts'
import { oneNode } from '../../testing/one-node.ts'

const resample = (shape: readonly number[], attributes: Readonly<Record<string, AttributeValue>>) =>
  oneNode('Resample', [shape], attributes, { domain: 'ai.kerf' })

describe('Resample', () => {
  // Y[0] = 2·X[1] − X[0], Y[1] = 0, Y[2] = X[2], of rows.
  const map = { axis: 0, starts: [0, 2, 2, 3], indices: [1, 0, 2], weights: floats([2, -1, 1]) }

  it('sums weighted elements along an axis', () => {
    const { shapes, cost, operator, call } = resample([3, 2], map)
    expect(shapes).toEqual([[3, 2]])
    expect(cost).toEqual({ muls: 6, adds: 6 })
    const x = { elementType: 'float32', shape: [3, 2], data: [1, 10, 2, 30, 5, 7] } as const
    expect(runForward(operator, call, [x])?.[0]?.data).toEqual(Float64Array.of(3, 50, 0, 0, 5, 7))
  })

  it('weighs everything 1 by default', () => {
    const { shapes, cost, operator, call } = resample([2, 3], { starts: [0, 3, 4], indices: [0, 1, 2, 0] })
    expect(shapes).toEqual([[2, 2]])
    expect(cost).toEqual({ adds: 8 })
    const x = { elementType: 'float32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } as const
    expect(runForward(operator, call, [x])?.[0]?.data).toEqual(Float64Array.of(6, 1, 15, 4))
  })

  it.each([
    [{ ...map, starts: [0, 2] }, 'Resample "it": its starts do not divide 3 indices'],
    [{ ...map, starts: [0, 3, 2, 3] }, 'Resample "it": its starts do not divide 3 indices'],
    [{ ...map, starts: [1, 2, 3] }, 'Resample "it": its starts do not divide 3 indices'],
    [{ ...map, weights: floats([1]) }, 'Resample "it": 1 weights for 3 indices'],
    [{ ...map, indices: [1, 0, 3] }, 'Resample "it": index 3 is out of range for 3 elements'],
    [{ ...map, axis: 2 }, 'Resample "it": axis 2 is out of range for 2 dimensions'],
  ])('refuses what does not fit: %j', (attributes, message) => {
    expect(() => resample([3, 2], attributes)).toThrow(message)
  })
})

describe('WherePositive', () => {
  it('chooses by the sign, broadcast', () => {
    const { shapes, cost, operator, call } = oneNode('WherePositive', [[4], [2, 1], []], {}, { domain: 'ai.kerf' })
    expect(shapes).toEqual([[2, 4]])
    expect(cost).toEqual({ others: 8 })
    const given = (shape: readonly number[], ...data: number[]) => ({ elementType: 'float32', shape, data }) as const
    const [y] = runForward(operator, call, [given([4], 1, 0, -1, Number.NaN), given([2, 1], 5, 6), given([], 9)]) ?? []
    expect(Array.from(y?.data ?? [])).toEqual([5, 9, 9, 9, 6, 9, 9, 9])
  })

  it('refuses shapes that do not broadcast', () => {
    expect(() => oneNode('WherePositive', [[4], [3], []], {}, { domain: 'ai.kerf' })).toThrow(
      'WherePositive "it": the shapes cannot be broadcast together',
    )
  })
})
