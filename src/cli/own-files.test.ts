// Networks and photos as people have them: sizes left open, several outputs, classes that are not those of the folders, names of exporters.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)
const random = seededRandom(1)
type Floats = 'float32' | 'float16'

const drawn = (shape: readonly number[], elementType: Floats) =>
  tensorOf(
    elementType,
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.3 * random.normal()),
  )

/** Two convolutions, then what `head` makes of them. */
function network(
  head: (b: GraphBuilder, x: string) => void,
  size: readonly (number | string)[] = ['H', 'W'],
  floats: Floats = 'float32',
): Model {
  const b = new GraphBuilder('own')
  const image = b.input('image', floats, ['N', 3, ...size])
  const conv = (x: string, name: string, shape: number[]) =>
    b.node(
      'Relu',
      [
        b.node(
          'Conv',
          [x, b.constant(`${name}.weight`, drawn(shape, floats))],
          { pads: [1, 1, 1, 1] },
          { name: `${name}/Conv` },
        ),
      ],
      {},
      { name: `${name}/Relu` },
    )
  const first = conv(image, '/features/features.0', [8, 3, 3, 3])
  head(b, conv(first, '/features/features.1', [8, 8, 3, 3]))
  return b.model()
}

const detector = () =>
  network((b, x) => {
    for (const [name, channels] of [['boxes', 12] as const, ['scores', 9] as const])
      b.output(b.node('Conv', [x, b.constant(`${name}.weight`, drawn([channels, 8, 1, 1], 'float32'))], {}, { name }))
  })

const classifier = (classes: number, floats: Floats = 'float32') =>
  network(
    (b, x) => {
      const flat = b.node('Flatten', [b.node('GlobalAveragePool', [x])])
      b.output(b.node('Gemm', [flat, b.constant('fc.weight', drawn([8, classes], floats))], {}, { name: '/fc/Gemm' }))
    },
    [16, 16],
    floats,
  )

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-own-'))
  for (const kind of ['café', 'trees']) {
    mkdirSync(at(`photos/${kind}`), { recursive: true })
    for (let i = 0; i < 12; i++)
      await sharp(
        Uint8Array.from({ length: 1200 }, () => random.below(256)),
        { raw: { width: 20, height: 20, channels: 3 } },
      )
        .png()
        .toFile(at(`photos/${kind}/IMG ${i}.png`))
  }
  writeModelFile(detector(), at('detector.onnx'))
  writeModelFile(classifier(5), at('five.onnx'))
  writeModelFile(classifier(2), at('two.onnx'))
  writeModelFile(classifier(2, 'float16'), at('half.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const works = async (...argv: string[]) => {
  const { status, out, err } = await kerf(...argv)
  expect(status, err).toBe(0)
  return { out, err }
}

describe('a detector whose sizes are open takes those of its images', () => {
  const data = () => ['--data', at('photos'), '--resize', '16', '-t', '1']

  it.each([
    ['sensitivity', ['--ratios', '0.5', '--images', '12']],
    ['slim', ['-o', 'slim.onnx', '--target-macs', '0.8', '--rounds', '1', '--epochs', '0', '--max-drop', '99%']],
    ['swap', ['-o', 'swap.onnx', '--to', 'low-rank', '--rank', '2', '--layers', '*features.1*']],
    ['prune', ['-o', 'prune.onnx', '--ratio', '0.5', '--recover', '--recover-steps', 'least-squares']],
    ['quantize', ['-o', 'codes.onnx']],
  ])('in kerf %s', async (command, args) => {
    const more = command === 'slim' || command === 'sensitivity' ? ['--no-labels'] : []
    const { out } = await works(
      ...[command, at('detector.onnx'), ...args.map((a) => (a.endsWith('.onnx') ? at(a) : a)), ...data(), ...more],
    )
    expect(out).toContain('Assumed, as neither a flag nor the file says it: ')
    if (command === 'sensitivity') expect(out).toMatch(/^−50%: what is left of the quality, in percent, when 50 % /m)
  })
})

describe('a network of 16-bit floats is given images, and written in float32', () => {
  it.each([
    ['eval', []],
    ['sensitivity', ['--ratios', '0.5']],
    ['slim', ['-o', 'half-slim.onnx', '--target-macs', '0.7', '--rounds', '1', '--epochs', '0', '--max-drop', '99%']],
    ['swap', ['-o', 'half-swap.onnx', '--to', 'low-rank', '--rank', '2', '--layers', '*features.1*']],
    ['prune', ['-o', 'half-wanda.onnx', '--ratio', '0.5', '--criterion', 'wanda']],
    ['prune', ['-o', 'half-taylor.onnx', '--ratio', '0.5', '--criterion', 'taylor', '--recover']],
    ['prune', ['-o', 'half-tuned.onnx', '--ratio', '0.5', '--finetune', '--epochs', '1']],
    ['quantize', ['-o', 'half-codes.onnx']],
  ])('kerf %s %j', async (command, args) => {
    const files = args.map((a) => (a.endsWith('.onnx') ? at(a) : a))
    const { err } = await works(command, at('half.onnx'), ...files, '--data', at('photos'), '-t', '1')
    const written = files.find((a) => a.endsWith('.onnx'))
    if (written === undefined) return
    expect(readModelFile(written).graph.inputs[0]?.type).toMatchObject({ elementType: 'float32' })
    expect(err).toContain('kerf: the model has 16-bit floats; what is written has float32 in their place.\n')
  })

  it('kerf train', async () => {
    const args = ['--data', at('photos'), '--epochs', '1', '-t', '1', '-o', at('half-run')]
    const { err } = await works('train', '--model', at('half.onnx'), ...args)
    expect(err).toContain('kerf: the model has 16-bit floats, which are float32 here.\n')
    expect((await works('run', at('half-run'), '--input', at('photos/trees/IMG 1.png'))).out).toMatch(/^Answer +/m)
  })

  it('and stays as it is where nothing looks at images', async () => {
    await works('prune', at('half.onnx'), '-o', at('half-cut.onnx'), '--ratio', '0.5')
    expect(readModelFile(at('half-cut.onnx')).graph.inputs[0]?.type).toMatchObject({ elementType: 'float16' })
  })
})

describe('kerf quantize', () => {
  it('makes bytes of an ordinary network, and judges it without labels where they are of other classes', async () => {
    const { out, err } = await works('quantize', at('five.onnx'), '-o', at('q5.onnx'), '--data', at('photos'))
    expect(err).toContain('The images are of 2 classes, and the model tells 5 classes apart: not accuracy is measured')
    expect(out).toMatch(/^Agreement +\d/m)
    expect(out).not.toContain('Accuracy')
    expect(readModelFile(at('q5.onnx')).graph.nodes.map((n) => n.opType)).toContain('QuantizeLinear')
    // Names as kerf profile has them.
    expect(out).toMatch(/^features\.0 +Conv /m)
  })

  it('measures accuracy where labels are of its classes, unless told not to look at them', async () => {
    const args = (out: string) => ['quantize', at('two.onnx'), '-o', at(out), '--data', at('photos')]
    const { out, err } = await works(...args('q2.onnx'), '--full-names')
    expect([out, err]).toEqual([expect.stringContaining('Accuracy before'), ''])
    expect(out).toMatch(/^\/features\/features\.0\/Conv +Conv /m)
    expect((await works(...args('q2n.onnx'), '--no-labels')).out).toContain('Agreement')
  })
})

it('kerf bench calls layers as kerf profile does', async () => {
  const bench = ['bench', at('two.onnx'), '--seconds', '0.05', '-t', '1', '--layers']
  expect((await works(...bench)).out).toMatch(/^features\.1 .*Conv/m)
  expect((await works(...bench, '--full-names')).out).toMatch(/^\/features\/features\.1\/Conv /m)
})

it('kerf swap says how to train with the flags that there are, and what costs more than before', async () => {
  const { out } = await works('swap', at('two.onnx'), '-o', at('b.onnx'), '--to', 'bottleneck', '--expansion', '60')
  expect(out).toContain(`--epochs 50 --teacher ${at('two.onnx')} -o RUN\n`)
  expect(out).toContain('features.1 costs more MACs than before.')
})

it('kerf eval takes images from the whole set, which is sorted by class', async () => {
  const { out } = await works(
    'eval',
    at('two.onnx'),
    '--data',
    at('photos'),
    '--part',
    'train',
    '--images',
    '4',
    '--json',
  )
  expect(JSON.parse(out)).toMatchObject({ images: 4, classes: [{ images: 2 }, { images: 2 }] })
})

it('parts are numbers or percent, everywhere', async () => {
  const cut = async (...flags: string[]) => {
    const { out } = await works('prune', at('two.onnx'), '--dry-run', '--json', ...flags)
    return JSON.parse(out).after.params
  }
  expect(await cut('--ratio', '50%')).toBe(await cut('--ratio', '0.5'))
  expect(await cut('--target-macs', '40 %')).toBe(await cut('--target-macs', '0.4'))
  expect(await cut('--target-bytes', '60%')).toBe(await cut('--target-bytes', '0.6'))
  for (const [flag, part] of [
    ['--ratio', '150%'],
    ['--ratio', '%'],
    ['--target-macs', '120%'],
    ['--max-ratio', '100%'],
  ] as const)
    expect(await kerf('prune', at('two.onnx'), '--dry-run', flag, part)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/as in 0\.5 or 50%/),
    })
})

it('a network of two inputs: kerf run says once what holds for both, others that data sets go to one', async () => {
  const b = new GraphBuilder('pair')
  const flat = (x: string) => b.node('Flatten', [b.node('GlobalAveragePool', [x])])
  const [left, right] = ['left', 'right'].map((name) => flat(b.input(name, 'float32', ['N', 3, 8, 8])))
  b.output(b.node('Sub', [left!, right!], {}, { outputs: ['apart'] }))
  writeModelFile(b.model(), at('pair.onnx'))
  const image = (name: string, i: number) => ['--input', `${name}=${at(`photos/trees/IMG ${i}.png`)}`]
  const run = (...more: string[]) => works('run', at('pair.onnx'), ...image('left', 1), ...image('right', 2), ...more)
  const { out } = await run()
  expect(out.match(/^Preprocessing/gm)).toHaveLength(1)
  expect(out.match(/^Assumed/gm)).toHaveLength(1)
  expect(out).toMatch(/^apart is taken for scores of classes, whose softmax is the probability\./m)
  for (const command of ['prune', 'swap', 'quantize', 'sensitivity', 'eval'])
    expect(
      await kerf(
        ...[command, at('pair.onnx'), '--data', at('photos')],
        ...(command === 'swap' ? ['--to', 'low-rank'] : command === 'prune' ? ['--ratio', '0.5', '--recover'] : []),
        ...(command === 'sensitivity' || command === 'eval' ? [] : ['-o', at('no.onnx')]),
      ),
    ).toMatchObject({
      status: 1,
      err: 'kerf: The model has 2 inputs (left, right); images of a data set go to networks with one.\n',
    })
  expect((await run('--classes', 'a,b,c')).out).not.toContain('taken for scores')
  expect((await run('--classes', 'a,b')).err).toContain(
    '2 names of classes fit no output: they are passed over (apart has 3).',
  )
})

it.each([
  [
    'a table of labels',
    ['eval', 'two.onnx', '--data', 'labels.csv'],
    /labels\.csv is no folder of images, \.tar or \.npy/,
  ],
  [
    'a network that is nearly one',
    ['new', 'inverted-bottlenek'],
    /^kerf: There is no block or network "inverted-bottlenek"\. Did you mean "inverted-bottleneck"\?$/m,
  ],
  [
    'a target out of reach',
    ['prune', 'two.onnx', '--dry-run', '--target-macs', '0.001'],
    /% of the MACs remain; 0\.1 % was asked for\. Give a larger target, /,
  ],
])('names the way out: %s', async (_, argv, message) => {
  writeFileSync(at('labels.csv'), 'file,label\n')
  const { status, err } = await kerf(...argv.map((a) => (/\.(onnx|csv)$/.test(a) ? at(a) : a)))
  expect(status).toBeGreaterThan(0)
  expect(err).toMatch(message)
})

it('kerf compare calls its columns by different names', async () => {
  const { out } = await works('compare', at('two.onnx'), at('five.onnx'), '--format', 'md')
  const [header = ''] = out.split('\n').filter((line) => line.startsWith('| Layer'))
  const names = header.split('|').map((name) => name.trim())
  expect(names).toContain('MACs ÷')
  expect(new Set(names.slice(1, -1)).size).toBe(names.length - 2)
})
