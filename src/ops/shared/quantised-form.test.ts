import { describe, expect, it } from 'vitest'
import { tensorOf } from '../../graph/index.ts'
import { oneNode, scalarOf } from '../../testing/one-node.ts'

const codes = (...shape: number[]) => ({ elementType: 'uint8', shape }) as const
const [scale, zero] = [scalarOf(0.1), tensorOf('uint8', [], [128])]
const microsoft = { domain: 'com.microsoft' }

describe('quantised forms of other operators', () => {
  it('have the shapes of these, and the type of their codes', () => {
    const sum = oneNode(
      'QLinearAdd',
      [codes(2, 3, 4), scale, zero, codes(3, 1), scale, zero, scale, zero],
      {},
      microsoft,
    )
    expect(sum.outputs[0]).toMatchObject({ elementType: 'uint8', shape: [2, 3, 4] })
    const joined = oneNode(
      'QLinearConcat',
      [scale, zero, codes(2, 3), scale, zero, codes(2, 5), scale, zero],
      { axis: 1 },
      microsoft,
    )
    expect(joined.shapes).toEqual([[2, 8]])
    const mean = oneNode('QLinearGlobalAveragePool', [codes(2, 3, 4, 5), scale, zero, scale, zero], {}, microsoft)
    expect(mean.shapes).toEqual([[2, 3, 1, 1]])
  })

  it('cost what they cost, between DequantizeLinear and QuantizeLinear', () => {
    const { cost } = oneNode(
      'QLinearAdd',
      [codes(2, 5), scale, zero, codes(5), scale, zero, scale, zero],
      {},
      microsoft,
    )
    // 15 codes: zero point and scale; 10 sums; 10 divisions, roundings, saturations and zero points.
    expect(cost).toEqual({ adds: 15 + 10 + 10, muls: 15, others: 30 })
    // No zero points: none are added.
    const { cost: less } = oneNode('QLinearSigmoid', [codes(4), scale, undefined, scale], {}, microsoft)
    expect(less).toEqual({ adds: 4, muls: 4, others: 4 * 2 + 12 })
  })

  it('refuse what does not fit', () => {
    const vector = tensorOf('float32', [3], [1, 2, 3])
    expect(() => oneNode('QLinearSigmoid', [codes(3), vector, zero, scale, zero], {}, microsoft)).toThrow(
      'QLinearSigmoid "it": input 1 is [3], where one number is needed',
    )
    expect(() =>
      oneNode(
        'QLinearGlobalAveragePool',
        [codes(2, 4, 5, 3), scale, zero, scale, zero],
        { channels_last: 1 },
        microsoft,
      ),
    ).toThrow('channels_last is 1, and Kerf pools [N, C, spatial…] only')
    expect(() => oneNode('QLinearAdd', [codes(3), scale, zero], {}, microsoft)).toThrow('input 3 (X1) is missing')
  })
})
