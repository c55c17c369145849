import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { nets } from '../nets/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)
const digits = ['--data', 'mnist:examples/digits', '--images', '60', '--ratios', '0.3,0.6']
const lenet = 'examples/digits/lenet5.onnx'

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-sensitivity-'))
  mkdirSync(at('photos'))
  const random = seededRandom(1)
  for (let i = 0; i < 24; i++)
    await sharp(
      Uint8Array.from({ length: 300 }, () => random.below(256)),
      { raw: { width: 10, height: 10, channels: 3 } },
    )
      .png()
      .toFile(at(`photos/${i}.png`))
  writeModelFile(nets.resnet20({ inputSize: 8, batch: 1, classes: 4 }), at('net.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('prints a table that fits 80 columns, JSON, CSV, and a page with a plot', async () => {
  const table = await kerf('sensitivity', lenet, ...digits, '-t', '1')
  expect(table).toMatchObject({ status: 0, err: '' })
  expect(table.out).toMatch(/^Quality +accuracy: the part of the images whose largest output is their label$/m)
  expect(table.out).toMatch(/^conv4 +84 +[▁-█]{2} +30% +[\d.]+ +[\d.]+$/m)
  expect(table.out).toMatch(/^fc +10 +it reaches the graph output "logits"$/m)
  const { out } = await kerf('sensitivity', lenet, ...digits, '-t', '1', '--json')
  const result = JSON.parse(out)
  expect(result).toMatchObject({ quality: 'accuracy', ratios: [0.3, 0.6], given: { images: 60 } })
  expect(result.groups.map((g: { name: string }) => g.name)).toEqual(['conv1', 'conv2', 'conv3', 'conv4'])
  expect(result.groups[3]).toMatchObject({ channels: 84, bears: 0.3, points: [{ kept: 58 }, { kept: 33 }] })
  const csv = (await kerf('sensitivity', lenet, ...digits, '-t', '1', '--format', 'csv')).out.split('\n')
  expect(csv[0]).toBe('group,channels,curve,bears,0.3,0.6\r')
  const page = await kerf('sensitivity', lenet, ...digits, '-t', '1', '-o', at('page.html'))
  expect(page.err).toBe(`Wrote ${at('page.html')}.\n`)
  expect(readFileSync(at('page.html'), 'utf8')).toMatch(/<svg[\s\S]*conv4[\s\S]*<table>/)
  expect(await kerf('sensitivity', lenet, ...digits, '-o', at('page.html'))).toMatchObject({ status: 1 })
})

it('takes photos without labels, in a folder, for a network that fixes one image at a time', async () => {
  const args = ['sensitivity', at('net.onnx'), '--data', at('photos'), '--ratios', '0.5', '-t', '1', '--json']
  const { out, err, status } = await kerf(...args)
  expect(status, err).toBe(0)
  const { quality, given, groups } = JSON.parse(out)
  expect([quality, given]).toEqual(['agreement', { images: 24, agreement: 1, outputError: 0 }])
  expect(groups.length).toBeGreaterThan(9)
  expect(
    groups.every((g: { points: { quality: { outputError: number } }[] }) => g.points[0]!.quality.outputError > 0),
  ).toBe(true)
})

it.each([
  [2, /Say which images to look at: --data photos\//, [lenet]],
  [1, /has no images\. Expected images \(avif, /, [lenet, '--data', 'EMPTY']],
  [1, /none of its images can be used\. broken\.png: /, ['NET', '--data', 'BROKEN']],
  [2, /Give a number between 0 and 1/, [lenet, ...digits, '--ratios', '0.5,1']],
  [2, /not of weight/, [lenet, ...digits, '--method', 'weight']],
  [
    2,
    /^kerf: --resize: Input "input" takes 8×8 pixels, not 9×9\. Resize to 8x8\.$/m,
    ['NET', ...digits, '--channels', 'rgb', '--resize', '9'],
  ],
  [
    1,
    /The images are of 10 classes, the first output of the model is \[\d+,4\]\. .*--no-labels\.$/m,
    ['NET', ...digits],
  ],
])('ends with %d: %s', async (status, message, argv) => {
  mkdirSync(at('empty'), { recursive: true })
  mkdirSync(at('broken'), { recursive: true })
  writeFileSync(at('broken/broken.png'), 'no image')
  const names = { NET: at('net.onnx'), EMPTY: at('empty'), BROKEN: at('broken') }
  const before = readdirSync(folder)
  const result = await kerf(
    'sensitivity',
    ...argv.map((a) => names[a as keyof typeof names] ?? a),
    '-o',
    at('not.html'),
  )
  expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
  expect(readdirSync(folder)).toEqual(before)
})
