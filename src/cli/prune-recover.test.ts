import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { profileModel } from '../cost/index.ts'
import { openModel } from '../onnx/index.node.ts'
import { createSession } from '../runtime/index.node.ts'
import { describeOrt, randomTensor, runOrt } from '../testing/ort.ts'
import { kerf } from './in-process.ts'

const digits = fileURLToPath(new URL('../../examples/digits/', import.meta.url))
const lenet = join(digits, 'lenet5.onnx')
const folder = mkdtempSync(join(tmpdir(), 'kerf-recover-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const out = (name: string) => join(folder, name)
const common = ['prune', lenet, '--ratio', '0.5', '--recover', '--data', digits] as const

describe('kerf prune --recover', () => {
  it('tells of each step and each layer, on lines of 80 characters', async () => {
    const { status, out: text, err } = await kerf(...common, '-o', out('a.onnx'), '--images', '64')
    expect(err).toBe('')
    expect(status).toBe(0)
    expect(text).toMatch(/Recovery: difference of the outputs from those before the cut/)
    expect(text).toMatch(/least-squares +[\d.]+ +[\d.]+\n/)
    expect(text).toMatch(/Layers: least-squares/)
    expect(text).toMatch(/Masked = cut/)
    const tables = text.slice(text.indexOf('Recovery:')).split('\n')
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

  const none = out('none.onnx')
  mkdirSync(out('photos/train/a'), { recursive: true })
  mkdirSync(out('photos/test/a'), { recursive: true })
  for (const part of ['train', 'test']) writeFileSync(out(`photos/${part}/a/1.png`), 'no picture')
  it.each([
    [
      'no images',
      ['prune', lenet, '--ratio', '0.5', '--recover'],
      2,
      /--recover needs images, without labels: say which, as in --data photos\//,
    ],
    ['steps alone', ['prune', lenet, '--ratio', '0.5', '--recover-steps', 'merging'], 2, /give --recover, too/],
    ['a step that there is not', [...common, '--recover-steps', 'magic'], 2, /magic.*mean-replacement, merging/s],
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
