import { describe, expect, it } from 'vitest'
import { tensorOf } from '../../graph/index.ts'
import { floatsOf, oneNode, onesOf, scalarOf } from '../../testing/one-node.ts'

const values = (node: ReturnType<typeof oneNode>) => Array.from(node.outputs[0]?.value?.data ?? [])

describe('QuantizeLinear', () => {
  it('rounds ties to even and saturates', () => {
    const q = oneNode('QuantizeLinear', [floatsOf(-9, -1, 1, 3, 1000), scalarOf(2), tensorOf('int8', [], [1])])
    expect(q.outputs[0]?.elementType).toBe('int8')
    // −4.5 → −4, −0.5 → 0, 0.5 → 0, 1.5 → 2, 500; plus 1.
    expect(values(q)).toEqual([-3, 1, 1, 3, 127])
  })

  it('takes the element type from the zero point, else output_dtype, else uint8', () => {
    expect(values(oneNode('QuantizeLinear', [floatsOf(-5, 300), scalarOf(1)]))).toEqual([0, 255])
    const int4 = oneNode('QuantizeLinear', [floatsOf(-50, 50), scalarOf(1)], { output_dtype: 22 }, { opset: 21 })
    expect(int4.outputs[0]?.elementType).toBe('int4')
    expect(values(int4)).toEqual([-8, 7])
    expect(() => oneNode('QuantizeLinear', [floatsOf(1), scalarOf(1)], { output_dtype: 99 }, { opset: 21 })).toThrow(
      '99',
    )
  })

  it('counts a division, a rounding, a saturation, and the zero point', () => {
    expect(oneNode('QuantizeLinear', [[2, 3], scalarOf(1)]).cost).toEqual({ others: 18 })
    expect(oneNode('QuantizeLinear', [[2, 3], scalarOf(1), tensorOf('uint8', [], [3])]).cost).toEqual({
      adds: 6,
      others: 18,
    })
  })

  it('refuses scales that fit nothing', () => {
    expect(() => oneNode('QuantizeLinear', [[2, 3], onesOf(2)])).toThrow(
      'is neither a scalar nor one entry for each of 3 along axis 1',
    )
    const zero = tensorOf('uint8', [], [3])
    expect(() => oneNode('QuantizeLinear', [[2, 3], onesOf(3), zero])).toThrow('the scale is [3] and the zero point []')
    expect(oneNode('QuantizeLinear', [[2, 3], onesOf(2)], { axis: 0 }).shapes).toEqual([[2, 3]])
  })
})

describe('DequantizeLinear', () => {
  it('scales per channel', () => {
    const x = tensorOf('int8', [2, 2], [1, 2, 3, 4])
    const node = oneNode('DequantizeLinear', [x, floatsOf(1, 10), tensorOf('int8', [2], [0, 1])], { axis: 0 })
    expect(values(node)).toEqual([1, 2, 20, 30])
    expect(node.cost).toEqual({ adds: 4, muls: 4 })
  })

  it('scales by blocks', () => {
    const x = tensorOf('int8', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8])
    const scale = tensorOf('float32', [2, 2], [1, 10, 100, 1000])
    const node = oneNode('DequantizeLinear', [x, scale], { axis: 1, block_size: 2 }, { opset: 21 })
    expect(values(node)).toEqual([1, 2, 30, 40, 500, 600, 7000, 8000])
    expect(node.cost).toEqual({ muls: 8 })
  })

  it('has the element type of its scale, or output_dtype', () => {
    const x = tensorOf('int8', [1], [3])
    const half = tensorOf('float16', [], [2])
    expect(oneNode('DequantizeLinear', [x, half], {}, { opset: 19 }).outputs[0]?.elementType).toBe('float16')
    expect(oneNode('DequantizeLinear', [x, half], { output_dtype: 1 }, { opset: 23 }).outputs[0]?.elementType).toBe(
      'float32',
    )
  })
})

describe('DynamicQuantizeLinear', () => {
  it('makes numbers, a scale and a zero point', () => {
    const { outputs, cost } = oneNode('DynamicQuantizeLinear', [[2, 3]], {}, { outputs: 3 })
    expect(outputs.map((o) => [o?.elementType, o?.shape])).toEqual([
      ['uint8', [2, 3]],
      ['float32', []],
      ['uint8', []],
    ])
    expect(cost).toEqual({ adds: 6, others: 30 })
  })
})
