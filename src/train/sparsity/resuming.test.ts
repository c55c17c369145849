import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readModelFile, writeModelFile } from '../../onnx/index.node.ts'
import { tinyNet } from '../../testing/tiny-images.ts'
import { runRecipe } from '../../workflow/index.node.ts'
import { parseRecipe } from '../recipe/parse.ts'
import type { RecipeInput } from '../recipe/schema.ts'
import type { Metrics } from '../run-folder/metrics.ts'

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

const quiet = { onNotice: () => {} }

const methods: [RecipeInput['sparsity'] & object, Partial<RecipeInput>?][] = [
  [{ method: 'gmp', ratio: 0.8, everySteps: 2 }, { ema: { decay: 0.9 } }],
  [{ method: 'sr-ste' }, { optimiser: { kind: 'adamw' } }],
  [{ method: 'lottery-ticket', ratio: 0.7, rounds: 2, rewindEpoch: 0.5 }],
  [{ method: 'slimming', penalty: 0.01 }],
  [{ method: 'group-sparsity', penalty: 0.01 }, { ema: { decay: 0.9 } }],
  [{ method: 'growing-regularisation', ratio: 0.5, everySteps: 2, beginEpoch: 0.5 }],
  [{ method: 'sfp', ratio: 0.5, endEpoch: 2.5 }],
]

describe('a run that is stopped goes on to the same bits', () => {
  it.each(methods)('$method', async (sparsity, more) => {
    const { method } = sparsity
    const whole = await runRecipe(recipe(`${method}-whole`, sparsity, more), quiet)
    const given = recipe(`${method}-stopped`, sparsity, more)
    // In the middle of an epoch.
    const stop = new AbortController()
    const { stopped } = await runRecipe(given, {
      ...quiet,
      signal: stop.signal,
      onEvent: (e) => {
        if (e.kind === 'step' && e.step === 6) stop.abort()
      },
    })
    expect(stopped).toBe(true)
    const last = await runRecipe(given, { ...quiet, resume: true })
    expect(timeless(last.metrics)).toEqual(timeless(whole.metrics))
    for (const name of ['last.onnx', 'best.onnx', 'checkpoints/step-0000000012.safetensors'])
      expect(bytesOf(at(`${method}-stopped/${name}`)), name).toBe(bytesOf(at(`${method}-whole/${name}`)))
  })

  it('chooses no network before it is as sparse as it is to be', async () => {
    const sparsity = { method: 'gmp', ratio: 0.5, endEpoch: 2, everySteps: 8 } as const
    const still = { learningRate: 1e-12, freeze: ['bn*'] }
    const { position, bestModel } = await runRecipe(recipe('chosen', sparsity, still), quiet)
    // Of equal ones, the first that may be chosen: nothing is learnt here.
    expect(position.best?.epoch).toBe(2)
    const values = readModelFile(bestModel!).graph.initializers.get('conv2.weight')!.data.bytes()
    const weights = new Float32Array(Uint8Array.from(values).buffer)
    expect(weights.filter((w) => w === 0)).toHaveLength(162)
  })
})
