import { describe, expect, it } from 'vitest'
import { floatsOf, intsOf, oneNode } from '../../test/one-node.ts'
import { floats } from '../graph/index.ts'

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
    expect(oneNode('Resize', [x, roi, floatsOf(1, 1, 3, 2)], attributes).shapes).toEqual([[1, 2, 6, 6]])
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
      'mode "lanczos" is none of',
    )
    expect(() => oneNode('Resize', [x, none, floatsOf(1, 1, 0, 2)])).toThrow('a scale of 0')
    expect(() => oneNode('Resize', [x, none, none, intsOf(7, 9)])).toThrow('2 sizes [7,9] for 4 axes')
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
