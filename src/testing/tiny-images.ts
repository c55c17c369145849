// For tests of training: images of 8×8 pixels that a tiny network learns in a second – a bar across, a bar down, a square – and their loader.

import { seededRandom } from '../base/index.ts'
import type { Batch, Loader } from '../data/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { adderConvolution } from '../nets/index.ts'
import { weightsFor } from './weights.ts'

const size = 8
export const tinyShape = [1, size, size] as const

interface Tiny {
  readonly pixels: Float32Array
  readonly label: number
}

function tinyImage(seed: number): Tiny {
  const random = seededRandom(seed)
  const label = random.below(3)
  const pixels = Float32Array.from({ length: size * size }, () => 0.3 * random.normal())
  const [row, column] = [random.below(size - 2), random.below(size - 2)]
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const [across, down] = [y === row, x === column]
      const square = y >= row && y < row + 3 && x >= column && x < column + 3
      if ([across, down, square][label]) pixels[y * size + x]! += 1
    }
  return { pixels, label }
}

/** Batches of `count` images drawn by the seed; shuffled by epoch in training. Whole batches only. */
export function tinyLoader(count: number, batchSize: number, { seed = 1, training = true } = {}): Loader {
  const images = Array.from({ length: count }, (_, i) => tinyImage(seed * 100_003 + i))
  const batches = Math.floor(count / batchSize)
  return {
    classes: 3,
    shape: tinyShape,
    batchSize,
    batches,
    images: batches * batchSize,
    async *epoch(epoch, first = 0) {
      const random = seededRandom(seed + 31 * epoch)
      const order = images.map((image) => ({ image, key: training ? random.uniform() : 0 }))
      order.sort((a, b) => a.key - b.key)
      for (let b = first; b < batches; b++)
        yield batchOf(order.slice(b * batchSize, (b + 1) * batchSize).map((o) => o.image))
    },
  }
}

function batchOf(images: readonly Tiny[]): Batch {
  return {
    images: Float32Array.from(images.flatMap((i) => [...i.pixels])),
    targets: Float32Array.from(images.flatMap((i) => [0, 1, 2].map((c) => Number(c === i.label)))),
    labels: Int32Array.from(images, (i) => i.label),
    count: images.length,
  }
}

export interface TinyOptions {
  /** The second convolution is an adder convolution. */
  readonly adder?: boolean
  readonly dropout?: boolean
  /** Ends with Softmax. */
  readonly softmax?: boolean
  readonly seed?: number
  readonly channels?: number
}

/** Conv, BatchNormalization, Relu, a second such, mean over space, Gemm to three classes. */
export function tinyNet({
  adder = false,
  dropout = false,
  softmax = false,
  seed = 5,
  channels = 6,
}: TinyOptions = {}): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder('tiny')
  const drawn = (name: string, shape: readonly number[], deviation: number) =>
    weightsFor(b, () => deviation * random.normal())(name, ...shape)
  const vector = (name: string, value: number) => weightsFor(b, () => value)(name, channels)
  const normalised = (x: string, n: number) =>
    b.node(
      'Relu',
      [
        b.node(
          'BatchNormalization',
          [x, vector(`bn${n}.weight`, 1), vector(`bn${n}.bias`, 0), vector(`bn${n}.mean`, 0), vector(`bn${n}.var`, 1)],
          {},
          { name: `bn${n}` },
        ),
      ],
      {},
      { name: `relu${n}` },
    )
  const x = b.input('image', 'float32', ['N', ...tinyShape])
  const pads = { pads: [1, 1, 1, 1] }
  const one = normalised(
    b.node('Conv', [x, drawn('conv1.weight', [channels, 1, 3, 3], 0.5)], pads, { name: 'conv1' }),
    1,
  )
  const weight = drawn('conv2.weight', [channels, channels, 3, 3], adder ? 1 : 0.2)
  const two = normalised(
    adder
      ? b.node(adderConvolution.opType, [one, weight], pads, { name: 'conv2', domain: adderConvolution.domain })
      : b.node('Conv', [one, weight], pads, { name: 'conv2' }),
    2,
  )
  const pooled = b.node(
    'Flatten',
    [b.node('GlobalAveragePool', [two], {}, { name: 'pool' })],
    { axis: 1 },
    { name: 'flat' },
  )
  const kept = dropout
    ? b.node('Dropout', [pooled, b.constant('ratio', tensorOf('float32', [], [0.25]))], {}, { name: 'dropout' })
    : pooled
  const gemm = b.node(
    'Gemm',
    [kept, drawn('fc.weight', [3, channels], 0.4), b.constant('fc.bias', tensorOf('float32', [3], [0, 0, 0]))],
    { transB: 1 },
    { name: 'fc' },
  )
  b.output(softmax ? b.node('Softmax', [gemm], { axis: 1 }, { name: 'softmax' }) : gemm)
  return b.model()
}
