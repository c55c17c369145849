import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { profileModel } from '../cost/index.ts'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { tinyNet } from '../testing/tiny-images.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)
const generated = [
  ...['--data', 'generated', '--set', 'data.classes=3', '--set', 'data.size=8', '--no-labels'],
  ...[
    '--set',
    'data.trainImages=48',
    '--set',
    'data.testImages=12',
    '--max-drop',
    '90%',
    '--rounds',
    '1',
    '-e',
    '0',
    '-t',
    '1',
  ],
]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-cli-slim-'))
  mkdirSync(at('photos'))
  const random = seededRandom(1)
  for (let i = 0; i < 24; i++)
    await sharp(
      Uint8Array.from({ length: 100 }, () => random.below(256)),
      { raw: { width: 10, height: 10, channels: 1 } },
    )
      .png()
      .toFile(at(`photos/${i}.png`))
  writeModelFile(tinyNet({ channels: 8 }), at('net.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('writes a smaller network, prints what came of it, and a page with the curve, the widths and what stays', async () => {
  const args = [
    'slim',
    at('net.onnx'),
    '-o',
    at('small.onnx'),
    ...generated,
    '--target-macs',
    '0.5',
    '--report',
    at('small.html'),
  ]
  const { status, out, err } = await kerf(...args)
  expect(status, err).toBe(0)
  expect(err).toMatch(/^agreement 100\.00 % on 12 held-out images; .* 10\.00 % is good enough\.$/m)
  expect(err).toMatch(/^round 1: [\d.]+ % behind the cut\nround 1: [\d.]+ % recovered\nround 1: [\d.]+ k? ?MACs, /m)
  expect(out).toMatch(/^Images +36 to change the network by, 12 others to judge it by$/m)
  expect(out).toMatch(
    /^Quality +agreement 100\.00 % → [\d.]+ % on 12 held-out images; .* on 12 test images, looked at once$/m,
  )
  expect(out).toMatch(/^Time of one image \(ms\) +[\d.]+ +[\d.]+ +[\d.]+$/m)
  expect(out).toMatch(/^given +[\d,]+ +[\d.]+ +100\.00$/m)
  const before = profileModel(readModelFile(at('net.onnx')), { inputs: new Map([['', [1, 1, 8, 8]]]) }).totals
  const after = profileModel(readModelFile(at('small.onnx')), { inputs: new Map([['', [1, 1, 8, 8]]]) }).totals
  expect(after.macs / before.macs).toBeLessThanOrEqual(0.5)
  expect(readFileSync(at('small.html'), 'utf8')).toMatch(/<svg[\s\S]*good enough[\s\S]*Channels[\s\S]*Stays as it is/)
  // Complete: going on gives the same file.
  const bytes = readFileSync(at('small.onnx'))
  const again = await kerf(...args, '--resume', '--force', '--json')
  expect(again.status, again.err).toBe(0)
  expect(Buffer.compare(readFileSync(at('small.onnx')), bytes)).toBe(0)
  expect(JSON.parse(again.out)).toMatchObject({
    ...{ quality: 'agreement', images: { fit: 36, judge: 12 }, target: { of: 'macs', reached: after.macs } },
    ...{ rounds: [{ isGoodEnough: true }], final: { totals: { macs: after.macs } } },
  })
})

it('takes a folder of photos without labels, and keeps none of them for a test', async () => {
  const args = [
    '--data',
    at('photos'),
    '--max-drop',
    '0.9',
    '--rounds',
    '1',
    '-e',
    '0',
    '-t',
    '1',
    '--target-macs',
    '0.5',
  ]
  const { status, out, err } = await kerf('slim', at('net.onnx'), '-o', at('of-photos.onnx'), ...args, '--json')
  expect(status, err).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ images: { fit: 18, judge: 6 }, given: { quality: { agreement: 1 } } })
  expect(JSON.parse(out).test).toBeUndefined()
})

it.each([
  [2, /Say where the smaller model goes/, ['--target-macs', '0.5', ...generated]],
  [2, /Say what is to be reached, in one way/, ['-o', 'OUT', ...generated]],
  [2, /Say what is to be reached, in one way/, ['-o', 'OUT', ...generated, '--faster', '2', '--smaller', '2']],
  [2, /Say which images to work with: --data photos\//, ['-o', 'OUT', '--target-macs', '0.5']],
  [2, /Give a number above 1, as in 2\./, ['-o', 'OUT', ...generated, '--faster', '1']],
  [2, /Give a part of the images, as in 1% or 0\.01\./, ['-o', 'OUT', ...generated, '--max-drop', '100%']],
  [1, /has no images\. Expected images \(avif, /, ['-o', 'OUT', '--target-macs', '0.5', '--data', 'EMPTY']],
  [1, /none of its images can be used\. broken\.png: /, ['-o', 'OUT', '--target-macs', '0.5', '--data', 'BROKEN']],
  [
    1,
    /10 images are too few to change a network by/,
    ['-o', 'OUT', '--target-macs', '0.5', '--data', 'PHOTOS', '--images', '10'],
  ],
  [
    1,
    /Even with all removable channels .* remain; 0\.1 % was asked for/,
    ['-o', 'OUT', '--target-macs', '0.001', ...generated],
  ],
  [1, /net\.onnx is the input/, ['-o', 'NET', '--target-macs', '0.5', ...generated]],
  [
    1,
    /The images are of 2 classes/,
    [
      '-o',
      'OUT',
      '--target-macs',
      '0.5',
      '--data',
      'generated',
      '--set',
      'data.classes=2',
      '--set',
      'data.trainImages=30',
    ],
  ],
])('ends with %d: %s', async (status, message, argv) => {
  mkdirSync(at('empty'), { recursive: true })
  mkdirSync(at('broken'), { recursive: true })
  writeFileSync(at('broken/broken.png'), 'no image')
  const names = {
    OUT: at('not.onnx'),
    NET: at('net.onnx'),
    EMPTY: at('empty'),
    BROKEN: at('broken'),
    PHOTOS: at('photos'),
  }
  const result = await kerf('slim', at('net.onnx'), ...argv.map((a) => names[a as keyof typeof names] ?? a))
  expect(result).toMatchObject({ status, out: '', err: expect.stringMatching(message) })
  expect(existsSync(at('not.onnx'))).toBe(false)
  expect(existsSync(at('not-slim'))).toBe(false)
})
