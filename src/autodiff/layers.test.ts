import { describe, expect, it } from 'vitest'
import { type Case, gradientError } from '../../test/gradient-check.ts'

/** Convolutions and what stands beside them. Central differences in float64 are good to about 1e-9. */
const tolerance = 1e-7

const cases: Record<string, Case> = {
  'Conv, padded, strided, with a rest': {
    op: 'Conv',
    inputs: [[2, 3, 6, 5], [4, 3, 3, 2], [4]],
    attributes: { pads: [1, 0, 1, 1], strides: [2, 2] },
  },
  'Conv in groups, dilated': {
    op: 'Conv',
    inputs: [
      [1, 4, 7, 7],
      [6, 2, 3, 3],
    ],
    attributes: { group: 2, dilations: [2, 1], pads: [1, 1, 1, 1] },
  },
  'Conv, depthwise, 1-D, auto_pad': {
    op: 'Conv',
    inputs: [
      [2, 3, 8],
      [3, 1, 3],
    ],
    attributes: { group: 3, auto_pad: 'SAME_UPPER', strides: [2] },
  },
  'BatchNormalization in training': {
    op: 'BatchNormalization',
    inputs: [
      [3, 2, 2, 2],
      [2],
      [2],
      { type: 'float32', shape: [2], values: [0, 0] },
      { type: 'float32', shape: [2], values: [1, 1] },
    ],
    attributes: { training_mode: 1 },
    outputs: 3,
    used: [0],
  },
  'BatchNormalization in inference': {
    op: 'BatchNormalization',
    inputs: [
      [3, 2, 2, 2],
      [2],
      [2],
      { type: 'float32', shape: [2], values: [0.5, -1] },
      { type: 'float32', shape: [2], values: [1, 2] },
    ],
  },
  Relu: { op: 'Relu', inputs: [[3, 4]] },
  'Add, broadcast': {
    op: 'Add',
    inputs: [
      [2, 3, 4],
      [3, 1],
    ],
  },
  Mul: {
    op: 'Mul',
    inputs: [
      [2, 3],
      [2, 1, 3],
    ],
  },
}

describe('gradients against central differences', () => {
  it.each(Object.entries(cases))('%s', (_, given) => {
    expect(gradientError(given)).toBeLessThan(tolerance)
  })

  it('a wrong rule is found: the sum of the weight gradient’s surrogate is no derivative', () => {
    const adder: Case = {
      op: 'AdderConv',
      domain: 'ai.kerf',
      inputs: [
        [1, 2, 4, 4],
        [3, 2, 3, 3],
      ],
      attributes: { pads: [1, 1, 1, 1] },
    }
    expect(gradientError(adder, { 'AdderConv.weight': 'full', 'AdderConv.input': 'full' })).toBeGreaterThan(0.1)
    expect(gradientError(adder, { 'AdderConv.weight': 'sign', 'AdderConv.input': 'sign' })).toBeLessThan(tolerance)
  })
})
