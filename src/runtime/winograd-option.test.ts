import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { createSession, hostTensor, hostValues } from './index.ts'

const channels = 16
const size = 12

/** 3×3 convolution of stride 1, forwards or transposed: a layer that Winograd's kernel takes. */
function layer(opType: 'Conv' | 'ConvTranspose') {
  const random = seededRandom(3)
  const b = new GraphBuilder('layer')
  const x = b.input('x', 'float32', [1, channels, size, size])
  const weights = Float32Array.from({ length: 9 * channels * channels }, () => random.normal())
  const w = b.constant('w', tensorOf('float32', [channels, channels, 3, 3], weights))
  b.output(b.node(opType, [x, w], { pads: [1, 1, 1, 1] }), {
    kind: 'tensor',
    elementType: 'float32',
    shape: [1, channels, size, size],
  })
  return b.model()
}

describe('winograd: false', () => {
  it.each(['Conv', 'ConvTranspose'] as const)(
    'keeps to the sum as it is defined, with smaller weights (%s)',
    async (opType) => {
      const random = seededRandom(4)
      const pixels = Float32Array.from({ length: channels * size * size }, () => random.normal())
      const results: Float64Array[] = []
      const memory: number[] = []
      for (const options of [{}, { winograd: true }, { winograd: false }, { backend: 'reference' as const }]) {
        const session = await createSession(layer(opType), options)
        const outputs = await session.run({ x: hostTensor('float32', [1, channels, size, size], pixels) })
        results.push(hostValues(Object.values(outputs)[0] as never))
        memory.push(session.memory?.total ?? 0)
        session.dispose()
      }
      const [byDefault, winograd, direct, reference] = results as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ]
      const error = (values: Float64Array) =>
        Math.max(...values.map((v, i) => Math.abs(v - reference[i]!))) / Math.max(...reference.map(Math.abs))
      expect(byDefault).toEqual(winograd)
      expect(direct).not.toEqual(winograd)
      expect(error(winograd)).toBeLessThan(5e-6)
      expect(error(direct)).toBeLessThan(2e-6)
      expect(memory[2]).toBeLessThan(memory[1]!)
    },
  )
})
