import { describe, expect, it } from 'vitest'
import { runForward } from '../../graph/index.ts'
import { intsOf, oneNode } from '../../testing/one-node.ts'
import { hasEmptyPlace, tapTable } from './sliding.ts'

describe('pooling', () => {
  it('counts comparisons of MaxPool and names its indices', () => {
    // ResNet's stem: 112² → 56², 9 taps.
    const { shapes, outputs, cost } = oneNode(
      'MaxPool',
      [[1, 64, 112, 112]],
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      { outputs: 2 },
    )
    expect(shapes).toEqual([
      [1, 64, 56, 56],
      [1, 64, 56, 56],
    ])
    expect(outputs.map((o) => o?.elementType)).toEqual(['float32', 'int64'])
    expect(cost).toEqual({ others: 64 * 56 * 56 * 9 })
  })

  it('counts full windows, also where padding is in them', () => {
    const attributes = { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }
    const { shapes, cost } = oneNode('AveragePool', [[1, 2, 3, 5]], attributes)
    expect(shapes).toEqual([[1, 2, 2, 3]])
    expect(cost).toEqual({ adds: 12 * 4, others: 12, accumulators: 12 })
  })

  it('dilates AveragePool', () => {
    const { shapes } = oneNode('AveragePool', [[1, 1, 7]], { kernel_shape: [3], dilations: [2] }, { opset: 19 })
    expect(shapes).toEqual([[1, 1, 3]])
  })

  it.each([
    ['MaxPool', {}],
    ['AveragePool', {}],
  ])('refuses %s of windows that lie in the padding alone, as ONNX Runtime does', (op, more) => {
    const pooled = (size: number, attributes: object) =>
      oneNode(op, [[1, 1, size, 3]], { kernel_shape: [3, 1], ...attributes, ...more }, { opset: 19 }).shapes
    expect(() => pooled(5, { pads: [1, 0, 3, 0] })).toThrow(
      `${op} "it": a window lies in the padding alone on axis 2, with pads [1,0,3,0]; input0 [1,1,5,3].`,
    )
    expect(() => pooled(5, { pads: [3, 0, 0, 0] })).toThrow(/in the padding alone on axis 2/)
    // Between its taps there is room for the one element.
    expect(() => pooled(1, { dilations: [3, 1], pads: [4, 0, 4, 0] })).toThrow(/in the padding alone on axis 2/)
    expect(pooled(5, { pads: [2, 0, 2, 0] })).toEqual([[1, 1, 7, 3]])
    // Steps may pass over what is padded too much.
    expect(pooled(5, { pads: [2, 0, 3, 0], strides: [3, 1] })).toEqual([[1, 1, 3, 3]])
  })

  it('takes windows of padding where nothing is 0: a norm, and a mean with the padding', () => {
    const pads = { kernel_shape: [3], pads: [0, 3] }
    for (const [op, more, expected] of [
      // ONNX's reference.
      ['LpPool', { p: 1 }, [6, 9, 12, 9, 5, 0]],
      ['AveragePool', { count_include_pad: 1 }, [2, 3, 4, 3, 5 / 3, 0]],
    ] as const) {
      const { call, operator } = oneNode(op, [[1, 1, 5]], { ...pads, ...more }, { opset: 19 })
      const x = { elementType: 'float32', shape: [1, 1, 5], data: [1, 2, 3, 4, 5] } as const
      const y = Array.from(runForward(operator, call, [x])![0]!.data)
      expect(y.map((v) => Math.round(1e6 * v))).toEqual(expected.map((v) => Math.round(1e6 * v)))
    }
  })

  it('knows a window without an element as all taps together do', () => {
    for (const size of [1, 2, 3, 5])
      for (const taps of [1, 2, 3])
        for (const dilation of [1, 2, 3, 4])
          for (const stride of [1, 2, 3, 4])
            for (const begin of [-1, 0, 1, 2, 4, 7])
              for (const end of [0, 1, 3, 8]) {
                const places = Math.floor((size + begin + end - (taps - 1) * dilation - 1) / stride) + 1
                if (places < 1) continue
                const one = { input: [size], output: [places], kernelShape: [taps], strides: [stride] }
                const sliding = { ...one, dilations: [dilation], pads: [begin, end] }
                const table = tapTable(sliding)
                const empty = Array.from({ length: places }, (_, p) => table.subarray(p * taps, (p + 1) * taps))
                expect(hasEmptyPlace(sliding, 0), JSON.stringify(sliding)).toBe(
                  empty.some((place) => place.every((at) => at < 0)),
                )
              }
  })

  // MaxPool over 0, 1, 2 … `size` - 1. SAME_UPPER as onnx 1.23's ReferenceEvaluator gives; SAME_LOWER, for which that one has fewer outputs than
  // the specification, by the specification's formula: the larger part at the beginning.
  it.each([
    ['SAME_UPPER', 12, 1, 6, [3, 9]],
    ['SAME_LOWER', 12, 1, 6, [2, 8]],
    ['SAME_UPPER', 12, 1, 5, [1, 6, 11]],
    ['SAME_LOWER', 12, 1, 5, [0, 5, 10]],
    ['SAME_UPPER', 12, 1, 2, [1, 3, 5, 7, 9, 11]],
    ['SAME_UPPER', 12, 2, 4, [2, 6, 10]],
    ['SAME_LOWER', 12, 3, 6, [3, 9]],
    ['SAME_UPPER', 11, 1, 4, [1, 5, 9]],
    ['SAME_LOWER', 11, 1, 4, [1, 5, 9]],
  ])(
    'takes elements away for %s where %i elements have windows of %i in steps of %i',
    (auto_pad, size, kernel, stride, expected) => {
      const { call, operator } = oneNode('MaxPool', [[1, 1, size]], {
        kernel_shape: [kernel],
        strides: [stride],
        auto_pad,
      })
      const x = {
        elementType: 'float32',
        shape: [1, 1, size],
        data: Array.from({ length: size }, (_, i) => i),
      } as const
      expect(Array.from(runForward(operator, call, [x])![0]!.data)).toEqual(expected)
    },
  )

  // ONNX Runtime 1.32, of LpPool over the same.
  it.each([
    ['SAME_UPPER', 12, 1, 6, [2, 8]],
    ['SAME_LOWER', 12, 1, 6, [2, 8]],
    ['SAME_UPPER', 12, 1, 5, [0, 5, 10]],
    ['SAME_UPPER', 12, 1, 2, [0, 2, 4, 6, 8, 10]],
    ['SAME_UPPER', 11, 1, 4, [1, 5, 9]],
  ])(
    'halves what is taken away towards 0 for other windows: %s, %i, %i, %i',
    (auto_pad, size, kernel, stride, expected) => {
      const pool = { kernel_shape: [kernel], strides: [stride], auto_pad, p: 1 }
      const { call, operator } = oneNode('LpPool', [[1, 1, size]], pool)
      const x = {
        elementType: 'float32',
        shape: [1, 1, size],
        data: Array.from({ length: size }, (_, i) => i),
      } as const
      expect(Array.from(runForward(operator, call, [x])![0]!.data)).toEqual(expected)
    },
  )

  it('counts norms by p', () => {
    const lp = (p: number) =>
      oneNode('LpPool', [[1, 1, 4, 4]], { kernel_shape: [2, 2], strides: [2, 2], p }, { opset: 18 }).cost
    expect(lp(1)).toEqual({ adds: 16, accumulators: 4 })
    expect(lp(2)).toEqual({ adds: 16, muls: 16, others: 4, accumulators: 4 })
    expect(lp(3)).toEqual({ adds: 16, others: 20, accumulators: 4 })
  })

  it('reduces all of space globally', () => {
    const average = oneNode('GlobalAveragePool', [[2, 3, 7, 5]])
    expect(average.shapes).toEqual([[2, 3, 1, 1]])
    expect(average.cost).toEqual({ adds: 210, others: 6, accumulators: 6 })
    expect(oneNode('GlobalMaxPool', [[2, 3, 7, 5]]).cost).toEqual({ others: 210 })
    expect(oneNode('GlobalLpPool', [[2, 3, 7, 5]]).cost).toEqual({ adds: 210, muls: 210, others: 6, accumulators: 6 })
  })

  it('gives the gradient of MaxPool to the first of several maxima', () => {
    const pool = { kernel_shape: [2], strides: [1] }
    const { cost, call, operator } = oneNode(
      'MaxPoolGradient',
      [
        [1, 1, 3],
        [1, 1, 4],
      ],
      pool,
      { domain: 'ai.kerf' },
    )
    expect(cost).toEqual({ others: 6, adds: 3 })
    const dy = { elementType: 'float32', shape: [1, 1, 3], data: [1, 10, 100] } as const
    const x = { elementType: 'float32', shape: [1, 1, 4], data: [5, 5, 2, 2] } as const
    expect(runForward(operator, call, [dy, x])?.[0]?.data).toEqual(Float64Array.of(1, 10, 100, 0))
  })

  it('shares the gradient of AveragePool out among the elements of each window', () => {
    const pool = { kernel_shape: [3], pads: [1, 0], input_shape: [1, 1, 4] }
    const options = { domain: 'ai.kerf' }
    const dy = { elementType: 'float32', shape: [1, 1, 3], data: [6, 12, 30] } as const
    const { cost, call, operator } = oneNode('AveragePoolGradient', [[1, 1, 3]], pool, options)
    expect(cost).toEqual({ adds: 9, others: 3 })
    expect(runForward(operator, call, [dy])?.[0]?.data).toEqual(Float64Array.of(3 + 4, 3 + 4 + 10, 4 + 10, 10))
    const counted = oneNode('AveragePoolGradient', [[1, 1, 3]], { ...pool, count_include_pad: 1 }, options)
    expect(runForward(counted.operator, counted.call, [dy])?.[0]?.data).toEqual(
      Float64Array.of(2 + 4, 2 + 4 + 10, 4 + 10, 10),
    )
  })

  it('checks the shape of what comes back', () => {
    const options = { domain: 'ai.kerf' }
    const pool = { kernel_shape: [2] }
    expect(() =>
      oneNode(
        'MaxPoolGradient',
        [
          [1, 1, 2],
          [1, 1, 4],
        ],
        pool,
        options,
      ),
    ).toThrow('MaxPoolGradient "it": dY [1,1,2] is not of the shape [1,1,3] that [1,1,4] is pooled to')
    expect(() => oneNode('AveragePoolGradient', [[1, 1, 3]], pool, options)).toThrow(
      'AveragePoolGradient "it": attribute input_shape is missing',
    )
  })

  const places = { elementType: 'int64', shape: [1, 1, 2, 2] } as const

  it('undoes MaxPool', () => {
    const pool = { kernel_shape: [2, 2], strides: [2, 2] }
    expect(oneNode('MaxUnpool', [[1, 1, 2, 2], places], pool).shapes).toEqual([[1, 1, 4, 4]])
    expect(oneNode('MaxUnpool', [[1, 1, 2, 2], places, intsOf(1, 1, 5, 5)], pool).shapes).toEqual([[1, 1, 5, 5]])
  })

  it('refuses what does not fit', () => {
    expect(() => oneNode('MaxPool', [[1, 1, 4, 4]])).toThrow('attribute kernel_shape is missing')
    expect(() => oneNode('MaxPool', [[1, 4]], { kernel_shape: [2] })).toThrow('received 2 dimensions')
    expect(() => oneNode('AveragePool', [[1, 1, 4, 4]], { kernel_shape: [5, 5] })).toThrow('does not fit into axis 2')
    expect(() => oneNode('MaxUnpool', [[1, 1, 2, 2], places], { kernel_shape: [2] })).toThrow('should have 2 entries')
  })
})
