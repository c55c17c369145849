import { describe, expect, it } from 'vitest'
import { tensorOf } from '../../graph/index.ts'
import { oneNode, onesOf, scalarOf } from '../../testing/one-node.ts'

const uint8 = (...shape: number[]) => ({ elementType: 'uint8', shape }) as const
const zero = tensorOf('uint8', [], [0])
const one = scalarOf(1)

describe('Conv', () => {
  it('counts 56×56, C = 96, k = 3: the worked example', () => {
    const { shapes, cost } = oneNode(
      'Conv',
      [
        [1, 96, 56, 56],
        [96, 96, 3, 3],
      ],
      { pads: [1, 1, 1, 1] },
    )
    expect(shapes).toEqual([[1, 96, 56, 56]])
    expect(cost).toMatchObject({ macs: 260_112_384, muls: 260_112_384, adds: 260_112_384 })
  })

  it('names the layer when channels do not fit', () => {
    expect(() =>
      oneNode('Conv', [
        [1, 32, 28, 28],
        [64, 16, 3, 3],
      ]),
    ).toThrow(
      'Conv "it": 32 input channels ≠ weight 16 × groups 1; input0 [1,32,28,28], input1 [64,16,3,3]. Check what makes "input0".',
    )
  })
})

describe('AdderConv', () => {
  it('costs two additions per tap and no multiplication, hence no MAC', () => {
    // 1·4·4 outputs × 8 channels, 3·9 taps each.
    const { shapes, cost } = oneNode('AdderConv', [[1, 3, 6, 6], [8, 3, 3, 3], [8]], {}, { domain: 'ai.kerf' })
    expect(shapes).toEqual([[1, 8, 4, 4]])
    expect(cost).toEqual({ adds: 2 * 16 * 8 * 27 + 128, accumulators: 128 })
  })

  it('is no operator of the standard domain', () => {
    expect(() =>
      oneNode('AdderConv', [
        [1, 3, 6, 6],
        [8, 3, 3, 3],
      ]),
    ).toThrow('no operator')
  })
})

describe('integer convolutions', () => {
  it('ConvInteger makes int32 and is counted as Conv', () => {
    const { outputs, cost } = oneNode('ConvInteger', [uint8(1, 3, 6, 6), uint8(8, 3, 3, 3), zero, zero])
    expect(outputs[0]).toMatchObject({ elementType: 'int32', shape: [1, 8, 4, 4] })
    expect(cost).toEqual({ macs: 3456, muls: 3456, adds: 3456, accumulators: 128 })
  })

  it('QLinearConv also requantises every output', () => {
    const bias = tensorOf('int32', [8], new Array(8).fill(0))
    const { outputs, cost, operator } = oneNode('QLinearConv', [
      uint8(1, 3, 6, 6),
      one,
      zero,
      uint8(8, 3, 3, 3),
      onesOf(8),
      zero,
      one,
      zero,
      bias,
    ])
    expect(outputs[0]).toMatchObject({ elementType: 'uint8', shape: [1, 8, 4, 4] })
    // Bias and requantisation: one addition each per output.
    expect(cost).toEqual({ macs: 3456, muls: 3456 + 128, adds: 3456 + 2 * 128, others: 256, accumulators: 128 })
    expect(operator.parameters).toEqual([3, 8])
  })
})

describe('ConvTranspose', () => {
  const shape = (attributes: Record<string, number | string | number[]>, w = [1, 2, 3, 3]) =>
    oneNode('ConvTranspose', [[1, 1, 3, 3], w], attributes).shapes[0]

  it('finds the size of its output', () => {
    expect(shape({})).toEqual([1, 2, 5, 5])
    expect(shape({ strides: [3, 2] })).toEqual([1, 2, 9, 7])
    expect(shape({ strides: [3, 2], output_padding: [1, 1] })).toEqual([1, 2, 10, 8])
    expect(shape({ strides: [3, 2], output_shape: [10, 8] })).toEqual([1, 2, 10, 8])
    expect(shape({ strides: [3, 2], pads: [1, 2, 1, 2] })).toEqual([1, 2, 7, 3])
    expect(shape({ strides: [2, 2], auto_pad: 'SAME_UPPER' })).toEqual([1, 2, 6, 6])
    expect(shape({ strides: [2, 2], auto_pad: 'VALID' })).toEqual([1, 2, 7, 7])
    expect(shape({ dilations: [2, 2] }, [1, 1, 2, 2])).toEqual([1, 1, 5, 5])
  })

  it('counts every tap of every input position, cropped or not', () => {
    // U-Net's 2×2 up-convolution of 8×8: 64 positions × 4 taps × 16 × 8 channels; 16·16·8 outputs.
    const up = oneNode('ConvTranspose', [[1, 16, 8, 8], [16, 8, 2, 2], [8]], { strides: [2, 2] })
    expect(up.cost).toEqual({ macs: 32_768, muls: 32_768, adds: 32_768 + 2048, accumulators: 2048 })
    const cropped = oneNode(
      'ConvTranspose',
      [
        [1, 16, 8, 8],
        [16, 8, 4, 4],
      ],
      { strides: [2, 2], pads: [1, 1, 1, 1] },
    )
    expect(cropped.shapes).toEqual([[1, 8, 16, 16]])
    expect(cropped.cost.macs).toBe(64 * 16 * 16 * 8)
    const grouped = oneNode(
      'ConvTranspose',
      [
        [1, 16, 8, 8],
        [16, 2, 2, 2],
      ],
      { strides: [2, 2], group: 4 },
    )
    expect(grouped.shapes).toEqual([[1, 8, 16, 16]])
    expect(grouped.cost.macs).toBe(32_768 / 4)
  })

  it('refuses what does not fit', () => {
    expect(() => shape({}, [2, 1, 3, 3])).toThrow('W is [2,1,3,3], where [C, …] is needed with C 1')
    expect(() => oneNode('ConvTranspose', [[1, 1, 3, 3], [1, 2, 3, 3], [3]])).toThrow('B is [3], where [2] is needed')
    expect(() => shape({ strides: [2] })).toThrow('strides [2] should have 2 entries')
    expect(() => shape({ pads: [3, 3, 3, 3] })).toThrow('leave nothing of spatial axis 0')
    expect(() => shape({ kernel_shape: [2, 2] })).toThrow("kernel_shape [2,2] ≠ the weight's [3,3]")
    expect(() => shape({ group: 2 })).toThrow('1 input channels do not divide into 2 groups')
  })
})
