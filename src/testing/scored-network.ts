// For tests of what channels are worth: a network in which they go together in every way – a residual sum, a depthwise convolution, a concat, grouped convolutions with
// a shuffle between them, a grouped transposed one, a split whose halves are added, linear layers – and its images. src/prune/criteria/pytorch.py has the same.

import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'

const classes = 3
export const scoredImages = 6
export const scoredShape = [3, 8, 8] as const

const product = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1)

const numbers = (k: number, count: number, scale = 1, shift = 0): Float32Array =>
  Float32Array.from(
    { length: count },
    (_, i) => shift + scale * Math.sin(1 + 0.7 * k + (2.3 + 0.11 * k) * i + 0.013 * i * i),
  )

const shapes = {
  c1: [8, 3, 3, 3],
  c2: [8, 8, 3, 3],
  dw: [8, 1, 3, 3],
  p: [6, 8, 1, 1],
  q: [6, 8, 1, 1],
  m: [8, 12, 1, 1],
  g: [8, 4, 3, 3],
  h: [8, 4, 1, 1],
  t: [8, 4, 2, 2],
  f1: [6, 4],
  f2: [3, 6],
} as const
type Name = keyof typeof shapes
const normalised: readonly Name[] = ['c1', 'c2', 'dw', 'p', 'm', 't']
const biased: readonly Name[] = ['q', 'g', 'h', 'f1', 'f2']

/** Every stored tensor: `c1.weight`, `c1.scale`, … */
export function scoredWeights(): Map<string, { readonly shape: readonly number[]; readonly values: Float32Array }> {
  const all = new Map<string, { readonly shape: readonly number[]; readonly values: Float32Array }>()
  Object.entries(shapes).forEach(([name, shape], k) => {
    const scale = (name[0] === 'f' ? 6 : 1.5) / Math.sqrt(product(shape.slice(1)))
    all.set(`${name}.weight`, { shape, values: numbers(k, product(shape), scale) })
  })
  normalised.forEach((name, k) => {
    const shape = [shapes[name][0]]
    all.set(`${name}.scale`, { shape, values: numbers(20 + k, shape[0]!, 0.5, 1.1) })
    all.set(`${name}.shift`, { shape, values: numbers(30 + k, shape[0]!, 0.3, 0.2) })
    all.set(`${name}.mean`, { shape, values: numbers(40 + k, shape[0]!, 0.1) })
    all.set(`${name}.var`, { shape, values: numbers(50 + k, shape[0]!, 0.3, 0.8) })
  })
  biased.forEach((name, k) => {
    const shape = [shapes[name][0]]
    all.set(`${name}.bias`, { shape, values: numbers(60 + k, shape[0]!, 0.2, 0.1) })
  })
  return all
}

export function scoredNetwork(weights = scoredWeights()): Model {
  const b = new GraphBuilder('scored', 17)
  for (const [name, { shape, values }] of weights) b.constant(name, tensorOf('float32', [...shape], values))
  const ints = (name: string, ...values: number[]) => b.constant(name, tensorOf('int64', [values.length], values))
  const layer = (opType: string, name: Name, x: string, attributes = {}) =>
    b.node(opType, [x, `${name}.weight`, ...(biased.includes(name) ? [`${name}.bias`] : [])], attributes, { name })
  const bn = (name: Name, x: string) =>
    b.node(
      'BatchNormalization',
      [x, ...['scale', 'shift', 'mean', 'var'].map((part) => `${name}.${part}`)],
      {},
      { name: `${name}.bn` },
    )
  const relu = (x: string) => b.node('Relu', [x])
  const pads = [1, 1, 1, 1]
  const x = b.input('x', 'float32', ['N', ...scoredShape])
  const a = relu(bn('c1', layer('Conv', 'c1', x, { pads })))
  const r = relu(b.node('Add', [bn('c2', layer('Conv', 'c2', a, { pads })), a]))
  const d = relu(bn('dw', layer('Conv', 'dw', r, { pads, group: 8 })))
  const p = relu(bn('p', layer('Conv', 'p', d)))
  const q = relu(layer('Conv', 'q', d))
  const m = relu(bn('m', layer('Conv', 'm', b.node('Concat', [p, q], { axis: 1 }), { strides: [2, 2] })))
  const g = relu(layer('Conv', 'g', m, { pads, group: 2 }))
  const apart = b.node('Reshape', [g, ints('apart', 0, 2, 4, 4, 4)])
  const s = b.node('Reshape', [b.node('Transpose', [apart], { perm: [0, 2, 1, 3, 4] }), ints('together', 0, 8, 4, 4)])
  const h = relu(layer('Conv', 'h', s, { group: 2 }))
  const t = relu(bn('t', layer('ConvTranspose', 't', h, { strides: [2, 2], group: 2 })))
  b.node('Split', [t, ints('halves', 4, 4)], { axis: 1 }, { outputs: ['left', 'right'] })
  const f = b.node('Flatten', [b.node('GlobalAveragePool', [b.node('Add', ['left', 'right'])])], { axis: 1 })
  const f1 = relu(layer('Gemm', 'f1', f, { transB: 1 }))
  b.output(layer('Gemm', 'f2', f1, { transB: 1 }))
  return b.model()
}

/** In batches of this size, the last of which is filled up; labels i mod 3. */
export function scoredBatches(batchSize: number, count = scoredImages) {
  const each = product(scoredShape)
  const pixels = numbers(70, scoredImages * each)
  return {
    shape: scoredShape,
    batchSize,
    batches: {
      async *[Symbol.asyncIterator]() {
        for (let from = 0; from < count; from += batchSize) {
          const images = new Float32Array(batchSize * each)
          const own = Math.min(batchSize, count - from)
          images.set(pixels.subarray(from * each, (from + own) * each))
          const targets = new Float32Array(batchSize * classes)
          for (let i = 0; i < own; i++) targets[i * classes + ((from + i) % classes)] = 1
          yield { images, targets, count: own }
        }
      },
    },
  }
}
