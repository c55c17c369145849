import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KerfError } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { describeShared, sharedPath } from '../testing/shared.ts'
import { profileModel } from './profile.ts'

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
/** Values as training leaves them: none whole, none equal. */
const learnt = (shape: readonly number[]) =>
  tensorOf(
    'float32',
    shape,
    Float32Array.from({ length: size(shape) }, (_, i) => Math.sin(i + 1)),
  )
const filled = (shape: readonly number[], value: number) =>
  tensorOf('float32', shape, new Float32Array(size(shape)).fill(value))

/** x [1, 3, 8, 8] → what `middle` makes of it → a 1×1 convolution with 2 filters. */
function network(middle: (b: GraphBuilder, x: string) => { readonly value: string; readonly channels: number }): Model {
  const b = new GraphBuilder('net')
  const { value, channels } = middle(b, b.input('x', 'float32', [1, 3, 8, 8]))
  b.output(b.node('Conv', [value, b.constant('last', learnt([2, channels, 1, 1]))]))
  return b.model()
}
const conv = (b: GraphBuilder, x: string) => b.node('Conv', [x, b.constant('first', learnt([4, 3, 1, 1]))])
/** Parameters besides those of the two convolutions, and why others are none. */
const counted = (model: Model, layers: number) => {
  const { totals, leftOut } = profileModel(model)
  return [totals.params - layers, leftOut.map((c) => `${c.name}: ${c.why}`)]
}

describe('operands of arithmetic', () => {
  const behind = (opType: string, constant: ReturnType<typeof learnt>) =>
    counted(
      network((b, x) => ({ value: b.node(opType, [conv(b, x), b.constant('c', constant)]), channels: 4 })),
      12 + 8,
    )

  it('are parameters where each channel of the layer before has one, equal or not', () => {
    expect(behind('Mul', learnt([4, 1, 1]))).toEqual([4, []])
    // LayerScale, before training.
    expect(behind('Mul', filled([1, 4, 1, 1], 1e-6))).toEqual([4, []])
  })

  it('are parameters between layers unless their values follow a formula', () => {
    expect(behind('Add', learnt([1, 4, 8, 8]))).toEqual([256, []])
    expect(behind('Add', filled([1, 4, 8, 8], 0.1))).toEqual([
      0,
      [expect.stringMatching(/^c: all its values are 0\.1/)],
    ])
    const mask = tensorOf(
      'float32',
      [8, 8],
      Float32Array.from({ length: 64 }, (_, i) => (i % 9 < 4 ? 0 : -1e9)),
    )
    expect(behind('Add', mask)).toEqual([0, ['c: its values are whole or half numbers']])
    const row = tensorOf(
      'float32',
      [8, 8],
      Float32Array.from({ length: 64 }, (_, i) => (i % 8) / 7),
    )
    expect(behind('Add', row)).toEqual([0, ['c: its values repeat along an axis, as coordinates do']])
  })

  it('are read to their end only where they begin like a formula', () => {
    const shape = [1, 4, 512, 1024]
    let read = 0
    const recorded = (value: (i: number) => number) => {
      const bytes = new Uint8Array(Float32Array.from({ length: size(shape) }, (_, i) => value(i)).buffer)
      const at = (offset = 0, length = bytes.byteLength - offset) => {
        read = Math.max(read, offset + length)
        return bytes.subarray(offset, offset + length)
      }
      return { elementType: 'float32' as const, shape, data: { byteLength: bytes.byteLength, bytes: at } }
    }
    const added = (tensor: ReturnType<typeof recorded>) => {
      const b = new GraphBuilder('large')
      const y = conv(b, b.input('x', 'float32', [1, 3, 512, 1024]))
      b.output(b.node('Conv', [b.node('Add', [y, b.constant('c', tensor)]), b.constant('last', learnt([2, 4, 1, 1]))]))
      return counted(b.model(), 12 + 8)
    }
    expect(added(recorded((i) => Math.sin(i + 1)))).toEqual([size(shape), []])
    expect(read).toBeLessThan(100_000)
    expect(added(recorded(() => 0))).toEqual([0, ['c: all its values are 0']])
  })

  it('are none before the first layer and behind the last', () => {
    const b = new GraphBuilder('ends')
    const x = b.input('x', 'float32', [1, 3, 8, 8])
    const normal = b.node('Div', [
      b.node('Sub', [x, b.constant('mean', learnt([3, 1, 1]))]),
      b.constant('std', learnt([3, 1, 1])),
    ])
    const y = b.node('Reshape', [conv(b, normal), b.ints('shape', [1, 2, 2, 64])])
    b.output(b.node('Mul', [y, b.constant('anchors', learnt([1, 2, 2, 1]))]))
    expect(counted(b.model(), 12)).toEqual([
      0,
      [
        'mean: it prepares the input: no layer stands before it',
        'std: it prepares the input: no layer stands before it',
        'anchors: it decodes the output: no layer stands behind it',
      ],
    ])
  })
})

describe('what is joined to the data', () => {
  const joined = (constant: ReturnType<typeof learnt>) =>
    counted(
      network((b, x) => ({
        value: b.node('Concat', [conv(b, x), b.constant('c', constant)], { axis: 1 }),
        channels: 4 + constant.shape[1]!,
      })),
      12 + 2 * (4 + constant.shape[1]!),
    )

  it('is a parameter if learnt, not if padding or coordinates', () => {
    expect(joined(learnt([1, 1, 8, 8]))).toEqual([64, []])
    expect(joined(filled([1, 2, 8, 8], 0))).toEqual([0, ['c: all its values are 0']])
    const coordinates = Float32Array.from({ length: 128 }, (_, i) => (i < 64 ? (i % 8) / 7 : (i >> 3) / 7))
    expect(joined(tensorOf('float32', [1, 2, 8, 8], coordinates))).toEqual([
      0,
      ['c: its values repeat along an axis, as coordinates do'],
    ])
  })

  it('is none where a ConstantOfShape makes it', () => {
    const model = network((b, x) => {
      const zeros = b.node('ConstantOfShape', [b.ints('s', [1, 2, 8, 8])], {}, { name: 'pad' })
      return { value: b.node('Concat', [conv(b, x), zeros], { axis: 1 }), channels: 6 }
    })
    expect(profileModel(model).totals.params).toBe(12 + 12)
  })
})

describe('weights', () => {
  const depthwise = (weight: ReturnType<typeof learnt>) =>
    counted(
      network((b, x) => ({
        value: b.node('Conv', [conv(b, x), b.constant('c', weight)], { group: 4, pads: [1, 1, 1, 1] }),
        channels: 4,
      })),
      12 + 8,
    )

  it('are none where a depthwise convolution has one filter for all channels', () => {
    const blur = [1, 2, 1, 2, 4, 2, 1, 2, 1].map((v) => v / 16)
    const same = tensorOf(
      'float32',
      [4, 1, 3, 3],
      Float32Array.from({ length: 36 }, (_, i) => blur[i % 9]!),
    )
    expect(depthwise(same)).toEqual([0, ['c: every channel has the same filter, which is fixed (a blur)']])
    expect(depthwise(learnt([4, 1, 3, 3]))).toEqual([36, []])
    // A model without its weights.
    expect(depthwise(filled([4, 1, 3, 3], 0))).toEqual([36, []])
  })

  it('are none where the exporter wrote 1s and 0s for a normalisation without scale', () => {
    const instance = (scale: (b: GraphBuilder) => string, shift: (b: GraphBuilder) => string) =>
      counted(
        network((b, x) => ({
          value: b.node('InstanceNormalization', [conv(b, x), scale(b), shift(b)]),
          channels: 4,
        })),
        12 + 8,
      )[0]
    const written = (value: number) => (b: GraphBuilder) => b.node('Constant', [], { value: filled([4], value) })
    const stored = (value: number) => (b: GraphBuilder) => b.constant(`c${value}`, filled([4], value))
    expect(instance(written(1), written(0))).toBe(0)
    expect(instance(stored(1), stored(0))).toBe(8)
  })

  it('count where their values cannot be read', () => {
    const missing = {
      ...learnt([4, 1, 3, 3]),
      data: {
        byteLength: 144,
        bytes: () => {
          throw new KerfError('external-missing', 'gone')
        },
      },
    }
    expect(depthwise(missing)).toEqual([36, []])
  })
})

describeShared('models of other tools', () => {
  // Parameters as PyTorch counts them, or by hand from the file; see expect.md of each.
  it.each([
    ['reports/43-yolo-head', 5_754],
    ['reports/18-crnn-lstm', 8_051],
    ['reports/58-ort-optimised', 7_354],
    ['reports/62-deformconv', 4_828],
    ['real/padding-counted-as-parameters', 360],
  ])('%s has as many parameters as its makers say', (name, params) => {
    const path = sharedPath('cases', name, 'model.onnx')
    expect(existsSync(path)).toBe(true)
    expect(profileModel(readModelFile(path)).totals.params).toBe(params)
  })
})
