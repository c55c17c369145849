import { describe, expect, it } from 'vitest'
import { type AttributeValue, floats, tensorOf } from '../../graph/index.ts'
import { floatsOf, intsOf, oneNode } from '../../testing/one-node.ts'

const x = [1, 2, 4, 6]
const none = undefined

describe('Upsample', () => {
  it('takes scales from an attribute before opset 9, then from an input', () => {
    expect(oneNode('Upsample', [x], { scales: floats([1, 1, 2, 3]) }, { opset: 7 }).shapes).toEqual([[1, 2, 8, 18]])
    expect(oneNode('Upsample', [x, floatsOf(1, 1, 2, 3)], {}, { opset: 9 }).shapes).toEqual([[1, 2, 8, 18]])
    expect(() => oneNode('Upsample', [x, floatsOf(2, 3)], {}, { opset: 9 })).toThrow('2 scales [2,3] for 4 dimensions')
  })
})

describe('Resize', () => {
  it('has scales as second input in opset 10', () => {
    expect(oneNode('Resize', [x, floatsOf(1, 1, 2, 0.5)], {}, { opset: 10 }).shapes).toEqual([[1, 2, 8, 3]])
  })

  it('has scales or sizes from opset 11 on, the other absent or empty', () => {
    expect(oneNode('Resize', [x, none, floatsOf(1, 1, 2, 0.6)]).shapes).toEqual([[1, 2, 8, 3]])
    expect(oneNode('Resize', [x, floatsOf(), floatsOf(), intsOf(1, 2, 7, 9)], {}, { opset: 11 }).shapes).toEqual([
      [1, 2, 7, 9],
    ])
    expect(() => oneNode('Resize', [x])).toThrow('neither scales nor sizes are given')
  })

  it('rounds sizes down in single precision', () => {
    // 2.6 in float32 is a little less; times 5 it is 13 again, as in runtimes.
    expect(oneNode('Resize', [[1, 1, 5], none, floatsOf(1, 1, 2.6)]).shapes).toEqual([[1, 1, 13]])
  })

  it('resizes some axes from opset 18 on, keeping the aspect ratio when asked to', () => {
    const sized = (policy: string) =>
      oneNode(
        'Resize',
        [x, none, none, intsOf(8, 9)],
        { axes: [2, 3], keep_aspect_ratio_policy: policy },
        { opset: 18 },
      ).shapes[0]
    expect(sized('stretch')).toEqual([1, 2, 8, 9])
    // 8/4 = 2, 9/6 = 1.5
    expect(sized('not_larger')).toEqual([1, 2, 6, 9])
    expect(sized('not_smaller')).toEqual([1, 2, 8, 12])
  })

  it('crops', () => {
    const roi = floatsOf(0, 0, 0.25, 0.5, 1, 1, 0.75, 1)
    const attributes = { coordinate_transformation_mode: 'tf_crop_and_resize' }
    // The region does not change the size, as in ONNX Runtime 1.32.
    expect(oneNode('Resize', [x, roi, floatsOf(1, 1, 3, 2)], attributes).shapes).toEqual([[1, 2, 12, 12]])
  })

  const squares = (...shape: number[]) =>
    tensorOf(
      'float32',
      shape,
      Array.from({ length: 8 }, (_, i) => i ** 2),
    )
  const resized = (shape: number[], scales: number[], attributes: Record<string, AttributeValue>) => {
    const { outputs } = oneNode('Resize', [squares(...shape), floatsOf(), floatsOf(...scales)], attributes)
    return Array.from(outputs[0]?.value?.data ?? [], (v) => Math.round(v * 1e4) / 1e4)
  }

  it('aligns the corners of the output as it is, not of what the scale asks for', () => {
    // torch 2.13: F.interpolate((torch.arange(8.) ** 2).reshape(1, 1, 2, 4), scale_factor=(1.5, 1.3), mode='bilinear', align_corners=True)
    expect(
      resized([1, 1, 2, 4], [1, 1, 1.5, 1.3], { mode: 'linear', coordinate_transformation_mode: 'align_corners' }),
    ).toEqual([0, 0.75, 2.5, 5.25, 9, 8, 11.75, 16.5, 22.25, 29, 16, 22.75, 30.5, 39.25, 49])
  })

  it('copies where no size changes, and axes of scale 1', () => {
    const same = [0, 1, 4, 9, 16, 25, 36, 49]
    // ONNX Runtime 1.32 and torch 2.13
    expect(resized([1, 1, 2, 4], [1, 1, 1.3, 1.2], { mode: 'linear' })).toEqual(same)
    expect(resized([1, 1, 2, 4], [1, 1, 1.3, 1.2], { mode: 'cubic' })).toEqual(same)
    // ONNX Runtime 1.32, opset 11: the channels stay where they are, although their places are counted from the middle too.
    const attributes = { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'ceil' }
    expect(resized([1, 2, 1, 4], [1, 1, 1, 2], attributes)).toEqual([
      1, 1, 4, 4, 9, 9, 9, 9, 25, 25, 36, 36, 49, 49, 49, 49,
    ])
    // ONNX Runtime 1.32, opset 18: with antialiasing an axis that keeps its size is not filtered.
    expect(resized([1, 1, 4, 2], [1, 1, 0.6, 1.2], { mode: 'linear', antialias: 1 })).toEqual([
      1.5, 4, 17.7778, 26.7778,
    ])
  })

  it('finds places in single precision', () => {
    // ONNX Runtime 1.32: 8.5 / 1.7 is element 5, not 4.
    const attributes = { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' }
    expect(resized([1, 1, 1, 8], [1, 1, 1, 1.7], attributes)).toEqual([0, 0, 1, 4, 4, 9, 9, 16, 25, 25, 36, 36, 49])
  })

  it('counts the points that each output is made of', () => {
    const cost = (mode: string, scales: number[], more = {}) =>
      oneNode('Resize', [x, none, floatsOf(...scales)], { mode, ...more }, { opset: 18 }).cost
    expect(cost('nearest', [1, 1, 2, 2])).toEqual({})
    // 1·2·8·12 = 192 outputs of 2×2 points.
    expect(cost('linear', [1, 1, 2, 2])).toEqual({ adds: 768, muls: 768, accumulators: 192 })
    expect(cost('linear', [1, 1, 1, 2])).toEqual({ adds: 192, muls: 192, accumulators: 96 })
    expect(cost('cubic', [1, 1, 2, 2])).toEqual({ adds: 3072, muls: 3072, accumulators: 192 })
    // Half the size: 12 outputs, the filter twice as wide on both axes.
    expect(cost('linear', [1, 1, 0.5, 0.5], { antialias: 1 })).toEqual({ adds: 192, muls: 192, accumulators: 12 })
    expect(cost('linear', [1, 1, 1, 1])).toEqual({})
  })

  it('refuses unknown modes and scales', () => {
    expect(() => oneNode('Resize', [x, none, floatsOf(1, 1, 2, 2)], { mode: 'lanczos' })).toThrow(
      'attribute mode is "lanczos", none of',
    )
    expect(() => oneNode('Resize', [x, none, floatsOf(1, 1, 0, 2)])).toThrow('a scale of 0')
    expect(() => oneNode('Resize', [x, none, none, intsOf(7, 9)])).toThrow('2 sizes [7,9] for 4 axes')
  })
})

describe('GridSample and AffineGrid', () => {
  it('samples cubically beyond the border from where the place is', () => {
    const x = tensorOf('float32', [1, 1, 2, 4], [0, 1, 4, 9, 16, 25, 36, 49])
    const grid = tensorOf('float32', [1, 1, 3, 2], [-1.5, 0, 0.2, 1.4, 1.3, -1.2])
    const attributes = { mode: 'bicubic', padding_mode: 'border', align_corners: 1 }
    const value = oneNode('GridSample', [x, grid], attributes).outputs[0]?.value
    // torch 2.13: F.grid_sample(x, grid, mode='bicubic', padding_mode='border', align_corners=True); ONNX Runtime 1.32 agrees.
    const expected = [7.82422, 35.91354, 7.03085]
    expect(value?.data).toHaveLength(3)
    expected.forEach((v, i) => {
      expect(value?.data[i]).toBeCloseTo(v, 4)
    })
  })

  it('puts the only element of an axis in the middle', () => {
    const theta = tensorOf('float32', [1, 2, 3], [0, 1, 2, 3, 4, 5])
    const { outputs } = oneNode('AffineGrid', [theta, intsOf(1, 1, 1, 3)], { align_corners: 1 }, { opset: 20 })
    // torch 2.13: F.affine_grid(torch.arange(6.).reshape(1, 2, 3), (1, 1, 1, 3), align_corners=True)
    expect(Array.from(outputs[0]?.value?.data ?? [])).toEqual([2, 2, 2, 5, 2, 8])
  })
})

describe('SpaceToDepth and DepthToSpace', () => {
  it('move blocks and cost nothing', () => {
    const down = oneNode('SpaceToDepth', [x], { blocksize: 2 })
    expect(down.shapes).toEqual([[1, 8, 2, 3]])
    expect(down.operator.cost).toBe('none')
    expect(oneNode('DepthToSpace', [[1, 8, 2, 3]], { blocksize: 2, mode: 'CRD' }).shapes).toEqual([x])
  })

  it('refuse what does not divide', () => {
    expect(() => oneNode('SpaceToDepth', [x], { blocksize: 4 })).toThrow('axis 3 (6) does not divide into blocks of 4')
    expect(() => oneNode('DepthToSpace', [x], { blocksize: 2 })).toThrow('2 channels do not divide into blocks of 2×2')
    expect(() => oneNode('DepthToSpace', [x])).toThrow('attribute blocksize is missing')
  })
})
