import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { profileModel } from '../cost/index.ts'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { openModel, writeModelFile } from '../onnx/index.node.ts'
import { createSession } from '../runtime/index.node.ts'
import { describeOrt, randomTensor, runOrt } from '../testing/ort.ts'
import { kerf } from './in-process.ts'

const digits = fileURLToPath(new URL('../../examples/digits/', import.meta.url))
const lenet = join(digits, 'lenet5.onnx')
const folder = mkdtempSync(join(tmpdir(), 'kerf-recover-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const out = (name: string) => join(folder, name)
const common = ['prune', lenet, '--ratio', '0.5', '--recover', '--data', digits] as const

/** Two convolutions and nothing between. */
function plain() {
  const b = new GraphBuilder('plain')
  const weights = (name: string, ...shape: number[]) =>
    b.constant(
      name,
      tensorOf(
        'float32',
        shape,
        Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => i),
      ),
    )
  const a = b.node('Conv', [b.input('x', 'float32', [1, 3, 8, 8]), weights('wa', 4, 3, 1, 1)], {}, { name: 'a' })
  b.output(b.node('Conv', [a, weights('wb', 2, 4, 1, 1)], {}, { name: 'b' }))
  return b.model()
}

describe('kerf prune --recover', () => {
  it('tells of each step and each layer, on lines of 80 characters', async () => {
    const { status, out: text, err } = await kerf(...common, '-o', out('a.onnx'), '--images', '64')
    expect(err).toBe('')
    expect(status).toBe(0)
    expect(text).toMatch(/Recovery: difference of the outputs from those before the cut/)
    expect(text).toMatch(/least-squares +[\d.]+ +[\d.]+\n/)
    expect(text).toMatch(/Layers: least-squares/)
    expect(text).toMatch(/Masked = cut/)
    const tables = text.slice(text.indexOf('Recovery:'), text.indexOf('\nAssumed, as neither')).split('\n')
    expect(Math.max(...tables.map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('does the steps that it is given, and prints them as JSON', async () => {
    const file = out('b.onnx')
    const { status, out: text } = await kerf(
      ...[...common, '-o', file, '--images', '64', '--recover-steps', 'least-squares', '--json'],
    )
    expect(status).toBe(0)
    const { recovery, check, after } = JSON.parse(text)
    expect(recovery).toEqual([
      {
        name: 'least-squares',
        kept: true,
        outputError: { before: expect.any(Number), after: expect.any(Number) },
        layers: expect.arrayContaining([{ layer: 'conv2', before: expect.any(Number), after: expect.any(Number) }]),
      },
    ])
    expect(recovery[0].outputError.after).toBeLessThan(recovery[0].outputError.before)
    expect(check.maxRelDiff).toBeLessThan(1e-5)
    const [made, given] = await Promise.all([openModel(file), openModel(lenet)])
    expect(made.graph.nodes.map((n) => n.opType)).toEqual(given.graph.nodes.map((n) => n.opType))
    expect(after.params).toBe(profileModel(made).totals.params)
  })

  it('distils where that is asked for, and tells of it as of the other steps', async () => {
    const steps = ['--recover-steps', 'mean-replacement,distillation', '--epochs', '2', '--lr', '0.003', '-t', '1']
    const { status, out: text, err } = await kerf(...common, '-o', out('taught.onnx'), '--images', '64', ...steps)
    expect([status, err]).toEqual([0, ''])
    expect(text).toMatch(/^distillation +[\d.]+ +[\d.]+$/m)
    expect(text).toMatch(/Layers: distillation\nLayer +Before +After\n─+\nconv1 +/)
    // Unasked it is left out with few images, and the table says why.
    const few = await kerf(...common, '-o', out('few.onnx'), '--images', '40')
    expect(few.out).toMatch(/^distillation \(left out\) +/m)
    expect(few.out).toMatch(/Left out: distillation\. 40 images are few to train by: at least 64 are\./)
  })

  it('replaces means without images, by what normalisations keep, and says so', async () => {
    const file = out('free.onnx')
    const { status, out: text, err } = await kerf('prune', lenet, '--ratio', '0.3', '--recover', '-o', file)
    expect([status, err]).toEqual([0, ''])
    expect(text).toMatch(/Recovery without images: mean-replacement, by what normalisations keep/)
    expect(text).toMatch(/^conv3 +0\.\d+ +0\.\d+$/m)
    expect(text).toMatch(/Nothing was run and nothing judged/)
    const json = await kerf('prune', lenet, '--ratio', '0.3', '--recover', '-o', file, '--force', '--json')
    const { layers, unknown } = JSON.parse(json.out).meansReplaced
    expect([layers.map((l: { layer: string }) => l.layer), unknown]).toEqual([['conv2', 'conv3', 'conv4', 'fc'], []])
    for (const { before, after } of layers) expect(after).toBeLessThan(before)
    // A third of the channels is gone: how many of 500 digits are told right by what is left, and with means.
    const right = async (model: string) =>
      JSON.parse((await kerf('eval', model, '--data', digits, '--images', '500', '--json')).out).accuracy
    expect((await kerf('prune', lenet, '--ratio', '0.3', '-o', out('bare.onnx'))).status).toBe(0)
    expect(await right(file)).toBeGreaterThan((await right(out('bare.onnx'))) + 0.1)
  })

  const none = out('none.onnx')
  writeModelFile(plain(), out('plain.onnx'))
  mkdirSync(out('photos/train/a'), { recursive: true })
  mkdirSync(out('photos/test/a'), { recursive: true })
  for (const part of ['train', 'test']) writeFileSync(out(`photos/${part}/a/1.png`), 'no picture')
  it.each([
    [
      'steps that need images, and none',
      ['prune', lenet, '--ratio', '0.5', '--recover', '--recover-steps', 'least-squares'],
      2,
      /--recover-steps least-squares needs images, without labels: say which, as in --data photos\//,
    ],
    ['a number of images, and none', ['prune', lenet, '--ratio', '0.5', '--recover', '--images', '9'], 2, /--images/],
    [
      'no images, and no normalisation',
      ['prune', out('plain.onnx'), '--ratio', '0.5', '--recover'],
      1,
      /Without images nothing can be recovered: no normalisation in front of "b".* Give some images/,
    ],
    ['steps alone', ['prune', lenet, '--ratio', '0.5', '--recover-steps', 'merging'], 2, /give --recover, too/],
    ['a step that there is not', [...common, '--recover-steps', 'magic'], 2, /magic.*mean-replacement, merging/s],
    [
      'settings of a step that is not done',
      [...common, '--recover-steps', 'merging', '--epochs', '3'],
      2,
      /--epochs is of the step distillation: name it in --recover-steps, too/,
    ],
    [
      'a loss of distillation alone',
      ['prune', lenet, '--ratio', '0.5', '--distil-loss', 'squared'],
      2,
      /give that, too/,
    ],
    ['training, and no images', ['prune', lenet, '--ratio', '0.5', '--recover', '--lr', '0.1'], 2, /--lr needs images/],
    ['too few images', [...common, '--images', '5'], 1, /Recovery needs at least 8 images.*received 5/s],
    [
      'more images than there are',
      [...common, '--images', '100000'],
      1,
      /--images asks for 100000 images, the data have/,
    ],
    ['fine-tuning besides', [...common, '--finetune'], 2, /give one of the two/],
    ['weights that are only set to zero', [...common, '--method', 'weight'], 1, /would not stay zero/],
    [
      'files that are no images',
      ['prune', lenet, '--ratio', '0.5', '--recover', '--data', out('photos')],
      1,
      /none of its images can be used\. a\/1\.png: /,
    ],
    ['images of another size', [...common, '--crop', '20'], 2, /20/],
  ] as const)('%s: one clear error, and nothing is written', async (_, args, expected, message) => {
    const { status, err, out: text } = await kerf(...args, '-o', none)
    expect([status, text]).toEqual([expected, ''])
    expect(err).toMatch(message)
    expect(existsSync(none)).toBe(false)
  })
})

describeOrt('a recovered network in ONNX Runtime', () => {
  it('gives what it does in Kerf', async () => {
    const file = out('c.onnx')
    expect((await kerf(...common, '-o', file, '--images', '32')).status).toBe(0)
    const x = randomTensor([2, 1, 28, 28], 3)
    await using session = await createSession(await openModel(file))
    const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
    const wanted = (await runOrt(file, { [input]: x }))[output]!.data as Float32Array
    const feeds = { [input]: { elementType: 'float32', shape: x.dims, data: x.data as Float32Array } } as const
    const got = (await session.run(feeds))[output]!.data as Float32Array
    const largest = Math.max(...wanted.map(Math.abs))
    expect(Math.max(...wanted.map((v, i) => Math.abs(v - got[i]!))) / largest).toBeLessThan(1e-5)
  })
})
