import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openData } from '../src/data/index.node.ts'
import { createLoader } from '../src/data/index.ts'
import { readModelFile } from '../src/onnx/index.node.ts'
import { pruneModel } from '../src/prune/index.ts'
import { evaluate } from '../src/train/index.node.ts'

const folder = fileURLToPath(new URL('../examples/digits/', import.meta.url))

describe('examples/digits', () => {
  it('the network knows the digits beside it, and forgets them when half of its filters are gone', async () => {
    const { test } = await openData({ kind: 'mnist', path: folder })
    const digits = createLoader(test, { batchSize: 100, training: false })
    const model = readModelFile(`${folder}lenet5.onnx`)
    const whole = await evaluate(model, digits)
    expect(whole.images).toBe(2000)
    expect(whole.accuracy).toBeGreaterThan(0.985)
    // Without fine-tuning.
    const cut = (await pruneModel(model, { methods: ['filter'], scope: { ratio: 0.5 } })).model
    expect((await evaluate(cut, digits)).accuracy).toBeLessThan(0.9)
  })
})
