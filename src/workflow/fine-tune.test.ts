import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { modelBytes } from '../onnx/index.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { parseRecipe } from '../train/index.ts'
import { type FineTuneOptions, type FineTuneStage, pruneAndFineTune } from './index.node.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-fine-tune-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const model = tinyNet({ channels: 8 })

function options(more: Partial<FineTuneOptions> = {}): FineTuneOptions {
  const recipe = parseRecipe({
    ...{ model: { onnx: '-' }, output: '-', epochs: 1, batchSize: 16, threads: 1, learningRate: 0.01 },
    data: { kind: 'generated', classes: 3, size: 8, channels: 1, trainImages: 96, testImages: 30 },
  })
  const prune = { scope: { ratio: 0.5 } }
  return { recipe, prune, iterations: 2, folder: join(folder, 'runs'), onNotice: () => {}, ...more }
}

it('cuts, proves and trains, several times, and says what came of each', async () => {
  const stages: FineTuneStage[] = []
  const { result, proof, before, iterations } = await pruneAndFineTune(
    model,
    options({ onStage: (s) => stages.push(s) }),
  )
  expect(stages.map((s) => (s.kind === 'cut' || s.kind === 'trained' ? `${s.kind} ${s.iteration}` : s.kind))).toEqual([
    ...['before', 'cut 1', 'trained 1', 'cut 2', 'trained 2'],
  ])
  expect(stages[0]).toMatchObject(before)
  // Against the network as it was given: of 8 channels 5 stayed, then 3.
  expect(result.groups.map((g) => [g.channels, g.kept])).toEqual([
    [8, 3],
    [8, 3],
  ])
  expect(result.after.params / result.before.params).toBeLessThan(0.4)
  expect(iterations.map((i) => i.params)).toEqual([expect.any(Number), result.after.params])
  expect(proof.check?.maxRelDiff).toBeLessThan(1e-5)
  expect(readdirSync(join(folder, 'runs')).sort()).toEqual(['cut-1.onnx', 'cut-2.onnx', 'run-1', 'run-2'])
})

it('stops anywhere, says where, and goes on to the same bits', async () => {
  const whole = await pruneAndFineTune(model, options({ folder: join(folder, 'whole') }))
  let resume = false
  for (const [kind, iteration] of [
    ['cut', 1],
    ['trained', 1],
    ['cut', 2],
  ] as const) {
    const stop = new AbortController()
    const onStage = (stage: FineTuneStage) => {
      if (stage.kind === kind && stage.iteration === iteration) stop.abort()
    }
    const tuning = pruneAndFineTune(model, options({ signal: stop.signal, onStage, resume }))
    await expect(tuning).rejects.toMatchObject({ code: 'aborted' })
    resume = existsSync(join(folder, 'runs'))
  }
  const stop = new AbortController()
  const tuning = pruneAndFineTune(
    model,
    options({ signal: stop.signal, resume, onEvent: (e) => e.kind === 'step' && e.step === 2 && stop.abort() }),
  )
  await expect(tuning).rejects.toMatchObject({
    ...{ code: 'aborted', message: expect.stringContaining('Fine-tuning was stopped after step 2, saved in ') },
    details: { step: 2, run: join(folder, 'runs', 'run-2') },
  })
  // From bytes this time.
  const parts = await pruneAndFineTune(modelBytes(model), options({ resume: true }))
  expect(Buffer.compare(modelBytes(parts.result.model), modelBytes(whole.result.model))).toBe(0)
  expect(parts.iterations.map((i) => i.trained)).toEqual(whole.iterations.map((i) => i.trained))
})
