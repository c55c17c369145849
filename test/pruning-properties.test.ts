// Masked = removed, on random networks; ONNX Runtime runs both.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { modelBytes, readModel } from '../src/onnx/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { describeOrt, randomTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs, type Outputs } from '../src/testing/outputs.ts'
import { randomNetwork, stepNames } from '../src/testing/random-network.ts'

describeOrt('pruning of random networks', () => {
  it('gives the same outputs whether channels are masked or removed', async () => {
    let removed = 0
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.array(fc.constantFrom(...stepNames), { minLength: 3, maxLength: 20 }),
        fc.record({
          ratio: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
          global: fc.boolean(),
          roundTo: fc.constantFrom(1, 2),
        }),
        async (seed, path, scope) => {
          const model = randomNetwork(seed, path)
          let result: Awaited<ReturnType<typeof pruneModel>>
          try {
            result = await pruneModel(model, { methods: ['filter', 'neuron'], criterion: 'random', seed, scope })
          } catch (error) {
            expect((error as { code?: string }).code).toBe('nothing-to-prune')
            return
          }
          removed += result.groups.reduce((s, g) => s + g.channels - g.kept, 0)
          const feeds = { x: randomTensor([1, 3, 6, 6], seed) }
          const masked: Outputs = await runOrt(modelBytes(result.masked!), feeds)
          const cut: Outputs = await runOrt(modelBytes(result.model), feeds)
          expect(compareOutputs(masked, cut)).toBeLessThan(1e-4)
          expect(result.after.params).toBeLessThanOrEqual(result.before.params)
        },
      ),
      { numRuns: 400, seed: 20 },
    )
    expect(removed).toBeGreaterThan(1500)
  })
})

describe('a model read from a Buffer', () => {
  // Its slice() copies nothing: zeros once landed in the model's own bytes, at their beginning.
  it.each(['filter', 'weight'] as const)(
    'is masked as one from a Uint8Array, and keeps its bytes (%s)',
    async (method) => {
      const bytes = modelBytes(randomNetwork(3, stepNames.slice(0, 4)))
      const buffer = Buffer.from(bytes)
      const options = { methods: [method], criterion: 'l2', scope: { ratio: 0.5 } } as const
      const [fromBytes, fromBuffer] = await Promise.all([bytes, buffer].map((b) => pruneModel(readModel(b), options)))
      for (const part of ['masked', 'model'] as const) {
        const expected = fromBytes?.[part] && modelBytes(fromBytes[part])
        expect(fromBuffer?.[part] && modelBytes(fromBuffer[part])).toEqual(expected)
      }
      expect(Uint8Array.from(buffer)).toEqual(bytes)
    },
  )
})
