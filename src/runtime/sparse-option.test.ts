import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { createSession, hostTensor, hostValues, type SessionOptions } from './index.node.ts'

const size = 6
const channels = 32
const seed = 5

/** 1×1 and 3×3 convolutions with BatchNormalization, a shortcut and a linear layer; of each weight so many are 0. */
function network(share: number): Model {
  const random = seededRandom(seed)
  const b = new GraphBuilder('network')
  const weight = (name: string, shape: number[]) => {
    const count = shape.reduce((p, d) => p * d, 1)
    const values = Float32Array.from({ length: count }, () => (random.uniform() < share ? 0 : random.normal()))
    return b.constant(name, tensorOf('float32', shape, values))
  }
  const vector = (name: string) =>
    b.constant(
      name,
      tensorOf(
        'float32',
        [channels],
        Float32Array.from({ length: channels }, () => random.uniform()),
      ),
    )
  const x = b.input('x', 'float32', [2, channels, size, size])
  const one = b.node('Conv', [x, weight('w1', [channels, channels, 1, 1])])
  const scaled = b.node('BatchNormalization', [one, vector('g'), vector('b'), vector('m'), vector('v')])
  const sum = b.node('Relu', [b.node('Add', [scaled, x])])
  const strided = b.node('Conv', [sum, weight('w2', [channels, channels, 3, 3])], {
    pads: [1, 1, 1, 1],
    strides: [2, 2],
  })
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [strided])])
  b.output(b.node('Gemm', [flat, weight('w3', [40, channels])], { transB: 1 }), {
    kind: 'tensor',
    elementType: 'float32',
    shape: [2, 40],
  })
  return b.model()
}

const random = seededRandom(seed + 1)
const pixels = Float32Array.from({ length: 2 * channels * size * size }, () => random.normal())

async function outcome(model: Model, options: SessionOptions) {
  const session = await createSession(model, options)
  try {
    const feeds = { x: hostTensor('float32', [2, channels, size, size], pixels) }
    const { tasks } = await session.profile(feeds, 0)
    const [output] = Object.values(await session.run(feeds))
    return { kernels: tasks.flatMap((t) => t.kernels), values: [...hostValues(output!)] }
  } finally {
    await session.dispose()
  }
}

describe('sparse', () => {
  it('leaves out the products of zeros in convolutions and linear layers, with the same bits', async () => {
    const model = network(0.9)
    const never = await outcome(model, { sparse: 'never' })
    expect(never.kernels).not.toContain('sparseConvF32')
    expect(new Set(never.values).size).toBeGreaterThan(50)
    for (const threads of [1, 2]) {
      const always = await outcome(model, { sparse: 'always', threads })
      expect(always.kernels.filter((k) => k === 'sparseConvF32')).toHaveLength(3)
      expect(always.values).toEqual(never.values)
      expect((await outcome(model, { threads })).values).toEqual(never.values)
    }
  })
  it('by default leaves networks without zeros as they are', async () => {
    expect((await outcome(network(0), {})).kernels).not.toContain('sparseConvF32')
  })
})
