import { describe, expect, it } from 'vitest'
import { oneNode, onesOf } from '../../testing/one-node.ts'

describe('BatchNormalization', () => {
  const vectors = (n: number) => Array.from({ length: 4 }, () => onesOf(n))

  it('costs one multiplication and one addition per element; its statistics are no parameters', () => {
    const { shapes, cost, operator } = oneNode('BatchNormalization', [[2, 3, 4, 5], ...vectors(3)])
    expect(shapes).toEqual([[2, 3, 4, 5]])
    expect(cost).toEqual({ adds: 120, muls: 120 })
    expect(operator.parameters).toEqual([1, 2])
  })

  it('has further outputs: five before opset 14, running statistics in training mode', () => {
    expect(
      oneNode('BatchNormalization', [[2, 3, 4], ...vectors(3)], {}, { opset: 9, outputs: 5 }).shapes.slice(1),
    ).toEqual([[3], [3], [3], [3]])
    const training = oneNode(
      'BatchNormalization',
      [[2, 3, 4], ...vectors(3)],
      { training_mode: 1 },
      { opset: 15, outputs: 3 },
    )
    expect(training.shapes).toEqual([[2, 3, 4], [3], [3]])
    // 24 elements, 3 channels: 4·24 + 3 additions and two per running pair; 3·24 multiplications and four per pair.
    expect(training.cost).toEqual({ adds: 99 + 6, muls: 72 + 12, others: 12, accumulators: 6 })
  })

  it('takes parameters per element with spatial = 0 before opset 9', () => {
    const perElement = Array.from({ length: 4 }, () => onesOf(3, 4))
    expect(oneNode('BatchNormalization', [[2, 3, 4], ...perElement], { spatial: 0 }, { opset: 7 }).shapes).toEqual([
      [2, 3, 4],
    ])
    expect(() => oneNode('BatchNormalization', [[2, 3, 4], ...perElement], {}, { opset: 9 })).toThrow(
      'input 1 has shape [3,4], not one entry for each of 3 channels',
    )
  })

  it('refuses to train statistics per element', () => {
    const perElement = Array.from({ length: 4 }, () => onesOf(3, 4))
    expect(() =>
      oneNode('BatchNormalization', [[2, 3, 4], ...perElement], { spatial: 0, training_mode: 1 }, { opset: 7 }),
    ).toThrow('BatchNormalization "it": statistics per element (spatial = 0) cannot be trained')
  })

  it('refuses parameters of another length', () => {
    expect(() => oneNode('BatchNormalization', [[2, 3, 4], ...vectors(5)])).toThrow(
      'BatchNormalization "it": input 1 has shape [5], not one entry for each of 3 channels; input0 [2,3,4], input1 [5]',
    )
  })
})

describe('normalisation by statistics', () => {
  // 2 samples, 4 channels, 6 places: 48 elements.
  const x = [2, 4, 2, 3]

  it('counts InstanceNormalization: a mean and a variance per sample and channel', () => {
    const { cost } = oneNode('InstanceNormalization', [x, onesOf(4), onesOf(4)])
    expect(cost).toEqual({ adds: 4 * 48 + 8, muls: 3 * 48, others: 4 * 8, accumulators: 2 * 8 })
  })

  it('counts GroupNormalization per group; its parameters are per group in opset 18', () => {
    const { cost } = oneNode('GroupNormalization', [x, onesOf(4), onesOf(4)], { num_groups: 2 }, { opset: 21 })
    expect(cost).toEqual({ adds: 4 * 48 + 4, muls: 3 * 48, others: 4 * 4, accumulators: 2 * 4 })
    expect(oneNode('GroupNormalization', [x, onesOf(2), onesOf(2)], { num_groups: 2 }, { opset: 18 }).shapes).toEqual([
      x,
    ])
    expect(() => oneNode('GroupNormalization', [x, onesOf(2), onesOf(2)], { num_groups: 2 }, { opset: 21 })).toThrow(
      'not one entry for each of 4 channels',
    )
    expect(() => oneNode('GroupNormalization', [x, onesOf(4), onesOf(4)], { num_groups: 3 }, { opset: 21 })).toThrow(
      '4 channels do not divide into 3 groups',
    )
  })

  it('counts LayerNormalization over the axes from axis on, with or without bias', () => {
    const full = oneNode('LayerNormalization', [x, onesOf(3), onesOf(3)], {}, { outputs: 3 })
    expect(full.shapes).toEqual([x, [2, 4, 2, 1], [2, 4, 2, 1]])
    expect(full.cost).toEqual({ adds: 4 * 48 + 16, muls: 3 * 48, others: 4 * 16, accumulators: 2 * 16 })
    const noBias = oneNode('LayerNormalization', [x, onesOf(4, 2, 3)], { axis: 1 })
    expect(noBias.cost).toEqual({ adds: 3 * 48 + 2, muls: 3 * 48, others: 4 * 2, accumulators: 2 * 2 })
    expect(() => oneNode('LayerNormalization', [x, onesOf(5)])).toThrow('input 1 [5] cannot be broadcast to [2,4,2,3]')
    expect(() => oneNode('LayerNormalization', [x, onesOf(3)], { axis: 4 })).toThrow('axis 4 is out of range')
  })

  it('counts RMSNormalization without means', () => {
    const { cost } = oneNode('RMSNormalization', [x, onesOf(3)], {}, { opset: 23 })
    expect(cost).toEqual({ adds: 48 + 16, muls: 3 * 48, others: 3 * 16, accumulators: 16 })
  })

  it('counts MeanVarianceNormalization per channel over the batch', () => {
    const { cost } = oneNode('MeanVarianceNormalization', [x])
    expect(cost).toEqual({ adds: 3 * 48 + 4, muls: 2 * 48, others: 4 * 4, accumulators: 2 * 4 })
  })

  it('counts norms, LRN and softmaxes', () => {
    expect(oneNode('LpNormalization', [x], { p: 1 }).cost).toEqual({ adds: 48, others: 48, accumulators: 16 })
    expect(oneNode('LpNormalization', [x], { axis: 1 }).cost).toEqual({
      adds: 48,
      muls: 48,
      others: 48 + 12,
      accumulators: 12,
    })
    // AlexNet's LRN: size 5.
    expect(oneNode('LRN', [x], { size: 5 }).cost).toEqual({
      adds: 6 * 48,
      muls: 2 * 48,
      others: 2 * 48,
      accumulators: 48,
    })
    expect(() => oneNode('LRN', [x])).toThrow('attribute size is missing')
    expect(oneNode('Softmax', [x]).cost).toEqual({ adds: 96, others: 144, accumulators: 16 })
    expect(oneNode('LogSoftmax', [x]).cost).toEqual({ adds: 144, others: 96 + 16, accumulators: 16 })
    expect(oneNode('Hardmax', [x]).cost).toEqual({ others: 48 })
  })

  it('takes Softmax before opset 13 as over rows of a matrix', () => {
    expect(oneNode('Softmax', [x], {}, { opset: 11 }).cost.accumulators).toBe(2)
    expect(oneNode('Softmax', [x], { axis: 2 }, { opset: 11 }).cost.accumulators).toBe(8)
    expect(oneNode('Softmax', [x], { axis: 1 }, { opset: 13 }).cost.accumulators).toBe(12)
  })
})
