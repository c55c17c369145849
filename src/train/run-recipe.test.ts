import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KerfError } from '../base/index.ts'
import { openData } from '../data/index.node.ts'
import { createLoader } from '../data/index.ts'
import { editGraph, tensorOf, tensorValues } from '../graph/index.ts'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { evaluate } from './evaluate.ts'
import { withNewHead } from './graph/head.ts'
import { parseRecipe } from './recipe/parse.ts'
import { readingOf } from './recipe/reading.node.ts'
import type { RecipeInput } from './recipe/schema.ts'
import { type FileOperations, nodeFiles } from './run-folder/files.node.ts'
import type { Metrics } from './run-folder/metrics.ts'
import { type RunOutcome, type RunRecipeOptions, runRecipe } from './run-recipe.node.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-recipe-'))
  writeModelFile(tinyNet({ dropout: true }), at('tiny.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Eight steps an epoch on 64 images, 22 to validate, with everything random switched on. */
const recipe = (output: string, more: Partial<RecipeInput> = {}) =>
  parseRecipe({
    model: { onnx: at('tiny.onnx') },
    data: { kind: 'generated', classes: 3, trainImages: 86, testImages: 24, size: 8 },
    validation: 0.25,
    transforms: [{ kind: 'crop', padding: 1 }, { kind: 'flip' }, { kind: 'mixup' }],
    output: at(output),
    epochs: 3,
    batchSize: 8,
    ema: { decay: 0.9 },
    seed: 11,
    threads: 1,
    ...more,
  })

/** Stops after so many steps of the run. */
async function runUntil(steps: number, given: ReturnType<typeof recipe>, options: RunRecipeOptions = {}) {
  const stop = new AbortController()
  return runRecipe(given, {
    ...options,
    signal: stop.signal,
    onEvent: (e) => {
      if (e.kind === 'step' && e.step === steps) stop.abort()
    },
  })
}

const timeless = (metrics: readonly Metrics[]) => metrics.map(({ imagesPerSecond: _, ...rest }) => rest)
const metricsIn = (name: string): Metrics[] =>
  readFileSync(at(`${name}/metrics.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const bytesOf = (path: string) => readFileSync(path).toString('base64')

it('trains on as many threads as it says', async () => {
  const notices: string[] = []
  await runRecipe(recipe('two-threads', { threads: 2, epochs: 1 }), { onNotice: (text) => notices.push(text) })
  expect(notices).toEqual([])
})

describe('freezing by globs', () => {
  it('leaves tensors as they are, also where the run is resumed', async () => {
    const given = recipe('frozen', { freeze: ['conv*', 'bn1'], epochs: 1 })
    await runUntil(3, given)
    const { lastModel } = await runRecipe(given, { resume: true })
    const [before, after] = [at('tiny.onnx'), lastModel].map((path) => readModelFile(path).graph.initializers)
    const bits = (tensors: typeof before, name: string) =>
      Buffer.from(tensors?.get(name)?.data.bytes() ?? []).toString('hex')
    for (const name of ['conv1.weight', 'conv2.weight', 'bn1.weight', 'bn1.mean'])
      expect(bits(after, name), name).toBe(bits(before, name))
    for (const name of ['bn2.weight', 'bn2.mean', 'fc.weight'])
      expect(bits(after, name), name).not.toBe(bits(before, name))
  })

  it('refuses one that matches nothing', async () => {
    await expect(runRecipe(recipe('refused', { freeze: ['conv1.*', 'backbone*'] }))).rejects.toThrow(
      'freeze: "backbone*" matches no layer or tensor that training changes. There are: conv1, conv1.weight,',
    )
  })
})

describe('a classifier for other classes', () => {
  const five = { kind: 'generated', classes: 5, trainImages: 64, testImages: 24, size: 8 } as const
  const bits = (path: string, name: string) =>
    Buffer.from(readModelFile(path).graph.initializers.get(name)?.data.bytes() ?? []).toString('hex')

  it('is put in, said, and learns alone where the body is frozen; a resumed run has the same bits', async () => {
    const notices: string[] = []
    const more = { data: five, model: { onnx: at('tiny.onnx'), classes: 'data' }, freezeBody: true, epochs: 2 } as const
    const whole = await runRecipe(recipe('head', more), { onNotice: (text) => notices.push(text) })
    expect(notices[0]).toBe('"fc" has new weights, for 5 classes in place of 3.')
    const names = ['conv1.weight', 'bn1.weight', 'bn1.mean', 'bn2.var', 'conv2.weight']
    for (const name of names) expect(bits(whole.lastModel, name), name).toBe(bits(at('tiny.onnx'), name))
    const start = withNewHead(readModelFile(at('tiny.onnx')), 5, { shape: [1, 8, 8], seed: 11 }).graph.initializers
    for (const name of ['fc.weight', 'fc.bias']) {
      const tensor = readModelFile(whole.lastModel).graph.initializers.get(name)
      expect(tensor?.shape[0]).toBe(5)
      expect(bits(whole.lastModel, name)).not.toBe(Buffer.from(start.get(name)?.data.bytes() ?? []).toString('hex'))
    }
    const given = recipe('head-stopped', more)
    await runUntil(5, given, { onNotice: () => {} })
    const resumed = await runRecipe(given, { resume: true, onNotice: () => {} })
    expect(bytesOf(resumed.lastModel)).toBe(bytesOf(whole.lastModel))
  })

  it('is kept where the number is the same; asking for another than the data have is refused', async () => {
    const notices: string[] = []
    const same = recipe('kept', { model: { onnx: at('tiny.onnx'), classes: 3 }, epochs: 1 })
    await runRecipe(same, { onNotice: (text) => notices.push(text) })
    expect(notices).toEqual(['the model has 3 classes already: its classifier, "fc", is kept.'])
    const four = recipe('refused', { model: { onnx: at('tiny.onnx'), classes: 4 }, data: five })
    await expect(runRecipe(four, { onNotice: () => {} })).rejects.toThrow(
      '"fc_output" has 4 classes, the data have 5. Give it a new classifier when training (--classes 5), or take other data.',
    )
  })

  it('may have a learning rate of its own', async () => {
    const apart = recipe('apart', { learningRate: 1e-12, headLearningRate: 0.1, epochs: 1, ema: undefined })
    const { lastModel } = await runRecipe(apart, { onNotice: () => {} })
    const distance = (name: string) => {
      const [a, b] = [at('tiny.onnx'), lastModel].map((p) =>
        tensorValues(readModelFile(p).graph.initializers.get(name)!),
      )
      return Math.max(...[...a!].map((v, i) => Math.abs(v - b![i]!)))
    }
    expect(distance('conv2.weight')).toBeLessThan(1e-6)
    expect(distance('fc.weight')).toBeGreaterThan(0.01)
  })
})

describe('a run in a folder', () => {
  let whole: RunOutcome
  beforeAll(async () => {
    whole = await runRecipe(recipe('whole'))
  })

  it('that is stopped twice goes on to the same bits: metrics, checkpoint, models', async () => {
    const given = recipe('stopped')
    const first = await runUntil(5, given)
    expect(first).toMatchObject({ stopped: true, position: { step: 5, epoch: 0, batch: 5 } })
    // What it has learnt so far is there already.
    expect(readModelFile(first.lastModel).graph.nodes.length).toBe(tinyNet({ dropout: true }).graph.nodes.length)
    const second = await runUntil(16, given, { resume: true })
    expect(second).toMatchObject({ stopped: true, position: { step: 16 } })
    const starts: number[] = []
    const last = await runRecipe(given, { resume: true, onStart: ({ step }) => starts.push(step) })
    expect(starts).toEqual([16])
    expect(last.stopped).toBe(false)
    expect(timeless(last.metrics)).toEqual(timeless(whole.metrics))
    expect(timeless(metricsIn('stopped'))).toEqual(timeless(metricsIn('whole')))
    expect(last.position).toEqual(whole.position)
    for (const name of ['last.onnx', 'best.onnx', 'test.json', 'checkpoints/step-0000000024.safetensors'])
      expect(bytesOf(at(`stopped/${name}`))).toBe(bytesOf(at(`whole/${name}`)))
  })

  it('tests its networks once, at the end, and does so on resuming where it was killed before', async () => {
    const { sets } = await openedSets(recipe('whole'))
    expect([sets.train, sets.validation, sets.test].map((set) => set?.count)).toEqual([64, 22, 24])
    const { tested, position, metrics, lastModel, bestModel } = whole
    expect(Object.keys(metrics.at(-1)!).filter((name) => name.startsWith('test'))).toEqual([])
    const measured = async (path: string, set: 'validation' | 'test') => {
      const loader = createLoader(sets[set]!, { batchSize: 8, training: false })
      const { accuracy, loss } = await evaluate(readModelFile(path), loader, { runtime: nodeRuntime })
      return { accuracy, loss }
    }
    expect(tested).toMatchObject({
      images: 24,
      last: { step: 24, epoch: 3, ...(await measured(lastModel, 'test')) },
      best: { step: position.best?.step, ...(await measured(bestModel!, 'test')) },
    })
    expect(position.best).toMatchObject(await measured(bestModel!, 'validation'))
    const text = readFileSync(at('whole/test.json'), 'utf8')
    expect(JSON.parse(text)).toEqual(tested)
    rmSync(at('whole/test.json'))
    const again = await runRecipe(recipe('whole'), { resume: true })
    expect(again).toMatchObject({ wasComplete: false, tested })
    expect(readFileSync(at('whole/test.json'), 'utf8')).toBe(text)
    expect(await runRecipe(recipe('whole'), { resume: true })).toMatchObject({ wasComplete: true, tested })
  })

  it('has no best network without validation images; one test image is no measure, and that is said', async () => {
    const notices: string[] = []
    const data = { kind: 'generated', classes: 3, trainImages: 64, testImages: 1, size: 8 } as const
    const given = recipe('unvalidated', { validation: 0, epochs: 1, data })
    const outcome = await runRecipe(given, { onNotice: (text) => notices.push(text) })
    expect(outcome).toMatchObject({ bestModel: undefined, tested: { images: 1, best: null } })
    expect(existsSync(at('unvalidated/best.onnx'))).toBe(false)
    expect(notices).toEqual(['there is one test image, which moves the accuracy by 100 points. Use more.'])
  })

  it('that lost everything after a checkpoint makes it again, the same', async () => {
    const given = recipe('lost')
    await runUntil(20, given)
    rmSync(at('lost/checkpoints/step-0000000020.safetensors'))
    expect(metricsIn('lost')).toHaveLength(2)
    const last = await runRecipe(given, { resume: true })
    expect(timeless(last.metrics)).toEqual(timeless(whole.metrics))
    expect(bytesOf(last.lastModel)).toBe(bytesOf(whole.lastModel))
  })

  it('that is stopped in an evaluation, and then killed behind it, has the line of that epoch once', async () => {
    const given = recipe('line-once')
    expect(await runUntil(8, given)).toMatchObject({ position: { step: 8, batch: 8, epoch: 0 } })
    const killed = runRecipe(given, {
      resume: true,
      onEvent: ({ kind }) => {
        if (kind === 'epoch') throw new Error('killed')
      },
    })
    await expect(killed).rejects.toThrow('killed')
    expect(metricsIn('line-once').map((m) => m.step)).toEqual([8])
    await runRecipe(given, { resume: true })
    expect(metricsIn('line-once').map((m) => m.step)).toEqual([8, 16, 24])
  })

  it('that was killed before its first checkpoint starts again', async () => {
    const given = recipe('early', { epochs: 1 })
    await runUntil(2, given)
    rmSync(at('early/checkpoints'), { recursive: true })
    const outcome = await runRecipe(given, { resume: true })
    expect(outcome.metrics).toHaveLength(1)
  })

  it('skips a checkpoint that is damaged, and says so', async () => {
    const given = recipe('damaged')
    await runUntil(20, given)
    writeFileSync(at('damaged/checkpoints/step-0000000020.safetensors'), 'no checkpoint')
    const notices: string[] = []
    const last = await runRecipe(given, { resume: true, onNotice: (text) => notices.push(text) })
    expect(notices).toEqual([expect.stringMatching(/step-0000000020\.safetensors was skipped: /)])
    expect(bytesOf(last.lastModel)).toBe(bytesOf(whole.lastModel))
  })
})

const openedSets = async (given: ReturnType<typeof recipe>) => ({ sets: await openData(given.data, readingOf(given)) })

async function failureOf(work: Promise<unknown>): Promise<KerfError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(KerfError)
  return error as KerfError
}

describe('what goes wrong', () => {
  it('a full disk stops the run; the last checkpoint stays, and room brings it to the same bits', async () => {
    const given = recipe('full')
    let full = false
    const files: FileOperations = {
      ...nodeFiles,
      write: (file, bytes, offset, length) => {
        if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        return writeSync(file, bytes, offset, length)
      },
      rename: (from, to) => {
        nodeFiles.rename(from, to)
        full = to.endsWith('step-0000000008.safetensors')
      },
    }
    const error = await failureOf(runRecipe(given, { files }))
    expect(error.code).toBe('disk-full')
    expect(error.message).toMatch(
      /the disk is full\. Make room, then go on with --resume\. The last good checkpoint is kept: .*step-\d+\.safetensors \(step 8\)\.$/,
    )
    const last = await runRecipe(given, { resume: true })
    expect(bytesOf(last.lastModel)).toBe(bytesOf(at('whole/last.onnx')))
  })

  it('a loss that is not finite stops it at the layer, with the checkpoint before', async () => {
    const steep = recipe('nan', {
      learningRate: 1e25,
      schedule: { kind: 'constant', warmUp: { epochs: 1.5, start: 0 } },
      checkpointEveryEpochs: 0.125,
    })
    const error = await failureOf(runRecipe(steep))
    expect(error.code).toBe('not-finite')
    expect(error.message).toMatch(
      /^Step [1-9]: .* Lower the learning rate .*The last good checkpoint is kept: .* \(step 2\)\.$/s,
    )
  })

  it('a first step that fails leaves no checkpoint, and says so', async () => {
    const bias = tensorOf('float32', [3], [Infinity, 0, 0])
    writeModelFile(editGraph(tinyNet()).set('fc.bias', bias).model(), at('infinite.onnx'))
    const error = await failureOf(runRecipe(recipe('infinite', { model: { onnx: at('infinite.onnx') } })))
    expect(error.message).toContain('"fc.bias" already had values that are not finite, 1 of 3.')
    expect(error.message).toContain('No checkpoint had been saved yet.')
  })

  it.each([
    [
      'images of another size',
      { data: { kind: 'generated', classes: 3, size: 9 } },
      /takes images \[1,8,8\] .*the data give \[1,9,9\]/,
    ],
    [
      'other classes',
      { data: { kind: 'generated', classes: 5, size: 8 } },
      /"fc_output" has 3 classes, the data have 5/,
    ],
    ['a batch that the data do not fill', { batchSize: 65 }, /64 images.*65|65.*64/],
    ['no teacher', { distillation: { teacher: 'nowhere.onnx' } }, /nowhere\.onnx does not exist/],
  ] as const)('%s', async (_, more, message) => {
    const error = await failureOf(runRecipe(recipe('refused', more as Partial<RecipeInput>)))
    expect(error.message).toMatch(message)
  })

  it('a model inside the folder that the run would replace', async () => {
    const given = recipe('whole', { model: { onnx: at('whole/last.onnx') } })
    const error = await failureOf(runRecipe(given, { force: true }))
    expect(error.message).toMatch(
      /last\.onnx lies in .*whole, the folder that the run is to write\. Choose another output/,
    )
    expect(readModelFile(at('whole/last.onnx')).graph.name).toBe('tiny')
  })

  it('labels out of range', async () => {
    const idx = (type: number, dims: number[], data: number[]) =>
      Uint8Array.from([0, 0, type, dims.length, ...dims.flatMap((d) => [0, 0, 0, d]), ...data])
    const images = idx(8, [8, 8, 8], Array(512).fill(7))
    for (const [name, content] of Object.entries({
      'train-images-idx3-ubyte': images,
      't10k-images-idx3-ubyte': images,
      'train-labels-idx1-ubyte': idx(8, [8], [0, 1, 2, 12, 0, 1, 2, 0]),
      't10k-labels-idx1-ubyte': idx(8, [8], Array(8).fill(0)),
    }))
      writeFileSync(at(name), content)
    const error = await failureOf(runRecipe(recipe('labels', { data: { kind: 'mnist', path: folder } })))
    expect(error.message).toMatch(/label.*12/i)
  })
})
