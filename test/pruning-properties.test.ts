// Masked = removed, on random networks; ONNX Runtime runs both.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { modelBytes } from '../src/onnx/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { describeOrt, randomTensor, runOrt } from './ort.ts'
import { compareOutputs, type Outputs } from './outputs.ts'
import { randomNetwork, stepNames } from './random-network.ts'

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
          let result: ReturnType<typeof pruneModel>
          try {
            result = pruneModel(model, { methods: ['filter', 'neuron'], criterion: 'random', seed, scope })
          } catch (error) {
            expect((error as { code?: string }).code).toBe('nothing-to-prune')
            return
          }
          removed += result.groups.reduce((s, g) => s + g.channels - g.kept, 0)
          const feeds = { x: randomTensor([1, 3, 6, 6], seed) }
          const masked: Outputs = await runOrt(modelBytes(result.masked as typeof model), feeds)
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
