import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readModelFile, writeModelFile } from '../../onnx/index.node.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { parseRecipe } from '../recipe/parse.ts'
import type { RecipeInput } from '../recipe/schema.ts'
import type { Metrics } from '../run-folder/metrics.ts'
import { runRecipe } from '../run-recipe.node.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-sparsity-'))
  writeModelFile(tinyNet(), at('tiny.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Four steps an epoch. */
const recipe = (output: string, sparsity: RecipeInput['sparsity'], more: Partial<RecipeInput> = {}) =>
  parseRecipe({
    model: { onnx: at('tiny.onnx') },
    data: { kind: 'generated', classes: 3, trainImages: 40, testImages: 24, size: 8 },
    validation: 0.2,
    output: at(output),
    epochs: 3,
    batchSize: 8,
    sparsity,
    seed: 11,
    threads: 1,
    ...more,
  })

const timeless = (metrics: readonly Metrics[]) => metrics.map(({ imagesPerSecond: _, ...rest }) => rest)
const bytesOf = (path: string) => readFileSync(path).toString('base64')

const methods: [RecipeInput['sparsity'] & object, Partial<RecipeInput>?][] = [
  [{ method: 'gmp', ratio: 0.8, everySteps: 2 }, { ema: { decay: 0.9 } }],
]

describe('a run that is stopped goes on to the same bits', () => {
  it.each(methods)('$method', async (sparsity, more) => {
    const { method } = sparsity
    const whole = await runRecipe(recipe(`${method}-whole`, sparsity, more))
    const given = recipe(`${method}-stopped`, sparsity, more)
    // In the middle of an epoch, and at the end of one.
    for (const steps of [3, 8]) {
      const stop = new AbortController()
      const { stopped, position } = await runRecipe(given, {
        resume: steps > 3,
        signal: stop.signal,
        onEvent: (e) => {
          if (e.kind === 'step' && e.step === steps) stop.abort()
        },
      })
      expect([stopped, position.step]).toEqual([true, steps])
    }
    const last = await runRecipe(given, { resume: true })
    expect(timeless(last.metrics)).toEqual(timeless(whole.metrics))
    for (const name of ['last.onnx', 'best.onnx', 'checkpoints/step-0000000012.safetensors'])
      expect(bytesOf(at(`${method}-stopped/${name}`)), name).toBe(bytesOf(at(`${method}-whole/${name}`)))
    // It is not the run without the method.
    const plain = await runRecipe(recipe(`${method}-plain`, undefined, more))
    expect(bytesOf(plain.lastModel)).not.toBe(bytesOf(whole.lastModel))
    rmSync(at(`${method}-plain`), { recursive: true })
  })

  it('chooses no network before it is as sparse as it is to be', async () => {
    const sparsity = { method: 'gmp', ratio: 0.5, endEpoch: 2, everySteps: 8 } as const
    const still = { learningRate: 1e-12, freeze: ['bn*'] }
    const { position, bestModel } = await runRecipe(recipe('chosen', sparsity, still))
    // Of equal ones, the first that may be chosen: nothing is learnt here.
    expect(position.best?.epoch).toBe(2)
    const values = readModelFile(bestModel!).graph.initializers.get('conv2.weight')!.data.bytes()
    const weights = new Float32Array(Uint8Array.from(values).buffer)
    expect(weights.filter((w) => w === 0)).toHaveLength(162)
  })
})
