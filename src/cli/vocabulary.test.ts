// What a network was trained with goes with it, from command to command, and the same flags mean the same in all of them.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'
import { imageMetadata, withImageMetadata } from '../image/index.ts'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)

/** [N, 3, H, W] → Conv → mean of every channel: output c is the mean of channel c. */
function colours(): Model {
  const b = new GraphBuilder('colours')
  const weight = b.constant('conv.weight', tensorOf('float32', [3, 3, 1, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1]))
  const conv = b.node('Conv', [b.input('image', 'float32', ['N', 3, 'H', 'W']), weight], {}, { name: 'conv' })
  const pooled = b.node('GlobalAveragePool', [conv], {}, { name: 'pool' })
  b.output(b.node('Flatten', [pooled], {}, { name: 'flat' }))
  return b.model()
}

const hues = { red: '#e02010', green: '#20d030', blue: '#1030f0' } as const

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-vocabulary-'))
  for (const part of ['train', 'val'])
    for (const [name, background] of Object.entries(hues)) {
      mkdirSync(at(`photos/${part}/${name}`), { recursive: true })
      for (let i = 0; i < 4; i++)
        await sharp({ create: { width: 9 + i, height: 8, channels: 3, background } })
          .png()
          .toFile(at(`photos/${part}/${name}/${i}.png`))
    }
  // Classes as the outputs have them; folders are sorted by name: blue, green, red.
  writeModelFile(withImageMetadata(colours(), { classes: ['red', 'green', 'blue'] }), at('colours.onnx'))
  writeModelFile(colours(), at('unknown.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const json = async (...argv: string[]) => {
  const { status, out, err } = await kerf(...argv, '--json')
  expect(status, err).toBe(0)
  return { result: JSON.parse(out), err }
}

describe('kerf eval', () => {
  it('matches classes by their names, whatever their order, and says what it assumes', async () => {
    const { result } = await json('eval', at('colours.onnx'), '--data', at('photos'), '--resize', '8')
    expect(result).toMatchObject({ images: 12, accuracy: 1, assumed: ['fit', 'order', 'scale', 'mean and std'] })
    expect(result.classes.map((c: { name: string }) => c.name)).toEqual(['red', 'green', 'blue'])
    const { out } = await kerf('eval', at('colours.onnx'), '--data', at('photos'), '--resize', '8')
    expect(out).toMatch(
      /^Preprocessing +--resize 8x8 --fit cover --channels rgb --scale 1\/255 --mean 0\.485,0\.456,0\.406/m,
    )
    expect(out).toContain(
      "Assumed, as neither a flag nor the file says it: the middle of the image, rgb, pixels from 0 to 1, ImageNet's mean",
    )
  })

  it('takes the grey of photos in colours for a network of one channel, as kerf run does', async () => {
    const b = new GraphBuilder('grey')
    const image = b.input('image', 'float32', ['N', 1, 8, 8])
    const weight = b.constant('conv.weight', tensorOf('float32', [3, 1, 1, 1], [1, 2, 3]))
    const pooled = b.node('GlobalAveragePool', [b.node('Conv', [image, weight], {}, { name: 'conv' })])
    b.output(b.node('Flatten', [pooled]))
    writeModelFile(b.model(), at('grey.onnx'))
    // Output 2 is always the largest: a third of the images is of its class.
    const { result } = await json('eval', at('grey.onnx'), '--data', at('photos'))
    expect(result.accuracy).toBeCloseTo(1 / 3, 10)
    const { out } = await kerf('eval', at('grey.onnx'), '--data', at('photos'))
    expect(out).toMatch(/^Preprocessing +--resize 8x8 --fit cover grey /m)
    const args = ['train', '--model', at('grey.onnx'), '--data', `images:${at('photos/train')},${at('photos/val')}`]
    await json(...args, '--epochs', '1', '--batch-size', '4', '-o', at('grey-run'))
    expect(imageMetadata(readModelFile(at('grey-run/last.onnx'))).preprocessing).toMatchObject({
      channels: 1,
      mean: [0],
    })
  })

  it('gives grey data to a network of three channels, to measure, train, swap and quantise it', async () => {
    const args = ['--data', 'generated', '--set', 'data.classes=3', '--set', 'data.size=8', '--set', 'data.channels=1']
    const flags = ['--resize', '8', '--mean', '0', '--std', '1']
    const { result } = await json('eval', at('colours.onnx'), ...args, ...flags)
    // Of equal channels the first is the largest: a third of the images is of its class.
    expect(result.accuracy).toBeCloseTo(167 / 500, 10)
    expect(result.preprocessing).toMatchObject({ channels: 3, order: 'rgb', mean: [0, 0, 0] })
    const some = ['--set', 'data.trainImages=12', '--set', 'data.testImages=6']
    const to = ['-e', '1', '-b', '4', '--validation', '0', '-o', at('grey-photos')]
    await json('train', '--model', at('colours.onnx'), ...args, ...some, ...flags, ...to)
    expect(imageMetadata(readModelFile(at('grey-photos/last.onnx'))).preprocessing).toMatchObject({
      channels: 3,
      mean: [0, 0, 0],
    })
    const swap = ['swap', at('colours.onnx'), '-o', at('grey-adder.onnx'), '--to', 'adder', '--layers', 'conv']
    expect((await json(...swap, '--input', '1,3,8,8', ...args, ...some, ...flags)).result.statistics).toBe('data')
    const quantise = ['quantize', at('grey-adder.onnx'), '-o', at('grey-codes.onnx'), '--bits', '6']
    expect((await json(...quantise, ...args, ...some, ...flags)).result.images).toBe(12)
  })

  it('refuses data of other channels where a recipe says nothing of them', async () => {
    const recipe = at('colour.json')
    const said = async (model: string, channels: number) => {
      const data = { kind: 'generated', classes: 3, size: 8, channels }
      writeFileSync(recipe, JSON.stringify({ model: { onnx: at(model) }, data, output: at('no'), epochs: 1 }))
      return (await kerf('train', recipe)).err
    }
    expect(await said('grey.onnx', 3)).toContain(
      'the data give [3,8,8]. Add channels with the order grey to the transforms.',
    )
    expect(await said('colours.onnx', 1)).toContain(
      'the data give [1,8,8]. Add channels with the order rgb to the transforms.',
    )
  })

  it('takes names from --classes, and says when names do not fit', async () => {
    const args = ['eval', at('unknown.onnx'), '--data', at('photos'), '--resize', '8', '--mean', '0', '--std', '1']
    // By number blue is red: 4 of 12 are right.
    expect((await json(...args)).result.accuracy).toBeCloseTo(1 / 3, 10)
    expect((await json(...args, '--classes', 'red,green,blue')).result.accuracy).toBe(1)
    const { result, err } = await json(...args, '--classes', 'rot,grün,blau')
    expect(result.accuracy).toBeCloseTo(1 / 3, 10)
    expect(err).toContain(
      "The data's classes (blue, green, red) are not called as the model's (rot, grün, blau): they are taken in their order.",
    )
  })

  it('opens nothing but the test images', async () => {
    const data = `images:${at('gone')},${at('photos/val')}`
    expect((await json('eval', at('colours.onnx'), '--data', data, '--resize', '8')).result.accuracy).toBe(1)
    // Without names, the folders of training images tell the numbers, where they are there.
    rmSync(at('some'), { recursive: true, force: true })
    mkdirSync(at('some/red'), { recursive: true })
    writeFileSync(at('some/red/1.png'), readFileSync(at('photos/val/red/1.png')))
    const some = ['eval', at('unknown.onnx'), '--data', `images:${at('photos/train')},${at('some')}`, '--resize', '8']
    expect((await json(...some)).result.classes).toMatchObject([
      { name: 'blue' },
      { name: 'green' },
      { name: 'red', images: 1 },
    ])
  })
})

describe('what a network was trained with', () => {
  it('is written by kerf train, and understood by those that come after', async () => {
    const train = [
      'train',
      '--model',
      at('unknown.onnx'),
      '--data',
      at('photos'),
      '--resize',
      '10',
      '--crop',
      '6',
      '--flip',
    ]
    const { err } = await json(
      ...train,
      '--mean',
      '0.5',
      '--std',
      '0.25',
      '-e',
      '1',
      '-b',
      '4',
      '--validation',
      '0',
      '-t',
      '1',
      '-o',
      at('run'),
    )
    expect(err).toContain(
      'Assumed, as neither a flag nor the file says it: the middle of the image, rgb, pixels from 0 to 1.',
    )
    expect(
      JSON.parse(readFileSync(at('run/recipe.json'), 'utf8')).transforms.map((t: { kind: string }) => t.kind),
    ).toEqual(['resize', 'centreCrop', 'flip', 'channels', 'normalise'])
    const written = imageMetadata(readModelFile(at('run/last.onnx')))
    expect(written).toEqual({
      classes: ['blue', 'green', 'red'],
      preprocessing: {
        ...{ resize: [10, 10], fit: 'cover', border: 0, crop: [6, 6], channels: 3, order: 'rgb', layout: 'NCHW' },
        ...{ scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
      },
      problems: [],
    })
    const { out } = await kerf('run', at('run/last.onnx'), '--input', at('photos/val/red/0.png'))
    expect(out).toMatch(/^Answer +(red|green|blue) 0\.\d\d$/m)
    expect(out).toContain(
      '--resize 10x10 --fit cover --crop 6x6 --channels rgb --scale 1/255 --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25',
    )
    expect(out).not.toContain('Assumed')
    // Of the run; of the file alone; and with flags over it.
    const ofRun = (await json('eval', at('run'))).result
    writeModelFile(readModelFile(at('run/last.onnx')), at('alone.onnx'))
    const ofFile = (await json('eval', at('alone.onnx'), '--data', at('photos'))).result
    expect(ofFile).toMatchObject({ assumed: [], accuracy: ofRun.accuracy, preprocessing: written.preprocessing })
    expect(ofFile.loss).toBeCloseTo(ofRun.loss, 6)
    const over = (await json('eval', at('alone.onnx'), '--data', at('photos'), '--crop', '4', '--mean', '0')).result
    expect(over.preprocessing).toMatchObject({
      resize: [10, 10],
      crop: [4, 4],
      mean: [0, 0, 0],
      std: [0.25, 0.25, 0.25],
    })
  })

  it('is kept by kerf prune, swap and quantize; names of classes that are cut go', async () => {
    const told = withImageMetadata(colours(), { classes: ['red', 'green', 'blue'] })
    writeModelFile({ ...told, metadata: new Map([...told.metadata, ['author', 'me']]) }, at('told.onnx'))
    const shape = ['--input', '1,3,8,8']
    const prune = [
      'prune',
      at('told.onnx'),
      '-o',
      at('cut.onnx'),
      '--ratio',
      '0.33',
      '--allow-outputs',
      '--no-check',
      ...shape,
    ]
    await json(...prune)
    const cut = readModelFile(at('cut.onnx'))
    expect(imageMetadata(cut).classes).toHaveLength(2)
    expect(['red', 'green', 'blue']).toEqual(expect.arrayContaining(imageMetadata(cut).classes as string[]))
    expect(cut.metadata.get('author')).toBe('me')
    await json('swap', at('told.onnx'), '-o', at('adder.onnx'), '--to', 'adder', '--layers', 'conv', ...shape)
    expect(imageMetadata(readModelFile(at('adder.onnx'))).classes).toEqual(['red', 'green', 'blue'])
    const quantize = [
      'quantize',
      at('adder.onnx'),
      '-o',
      at('codes.onnx'),
      '--bits',
      '6',
      '--data',
      at('photos'),
      '--resize',
      '8',
    ]
    expect((await json(...quantize)).result.accuracy).toMatchObject({ images: 12 })
    expect(imageMetadata(readModelFile(at('codes.onnx'))).classes).toEqual(['red', 'green', 'blue'])
  })

  it('numbers the classes of fine-tuning, too, which is what accuracy before the cut shows', async () => {
    const told = withImageMetadata(colours(), { classes: ['red', 'green', 'blue'] })
    writeModelFile(told, at('tune.onnx'))
    const { result } = await json(
      ...['prune', at('tune.onnx'), '-o', at('tuned.onnx'), '--method', 'weight', '--ratio', '0.1', '--no-check'],
      ...['--finetune', '--data', at('photos'), '--resize', '8', '-e', '1', '-b', '4', '--validation', '0', '-t', '1'],
      ...['--input', '1,3,8,8'],
    )
    expect(result.finetune.before.accuracy).toBe(1)
    expect(imageMetadata(readModelFile(at('tuned.onnx'))).classes).toEqual(['red', 'green', 'blue'])
  })
})

describe('threads and seeds', () => {
  const help = async (command: string) => (await kerf(command, '--help')).out.replaceAll(/\s+/g, ' ')
  const all = [
    'profile',
    'compare',
    'prune',
    'sensitivity',
    'train',
    'eval',
    'data',
    'run',
    'bench',
    'swap',
    'quantize',
    'import',
  ]
  const texts = async () =>
    Promise.all(
      [...all, 'lab', 'demo', 'criteria', 'nets', 'new', 'formulas'].map(
        async (name) => [name, await help(name)] as const,
      ),
    )

  it('have one default in every command that has them, and say it', async () => {
    const of = async (flag: string) =>
      (await texts()).flatMap(([name, text]) => {
        const said = new RegExp(`${flag} <n> [^(]*\\(default: ([^)]*)\\)`).exec(text)?.[1]
        expect(text.includes(`${flag} <n>`), `${name} ${flag}`).toBe(said !== undefined)
        return said === undefined ? [] : [[name, said]]
      })
    const recipe = (fallback: string, what: string) => `${what} of the recipe, or ${fallback}`
    const machine = 'all of the machine'
    expect(Object.fromEntries(await of('--threads'))).toEqual({
      ...Object.fromEntries(
        ['sensitivity', 'eval', 'run', 'bench', 'swap', 'quantize', 'lab'].map((name) => [name, machine]),
      ),
      ...{ prune: recipe(machine, 'those'), train: recipe(machine, 'those') },
    })
    expect(Object.fromEntries(await of('--seed'))).toEqual({
      ...Object.fromEntries(['run', 'swap', 'lab', 'new'].map((name) => [name, '0'])),
      ...{ prune: recipe('0', 'that'), train: recipe('0', 'that') },
    })
  })
})
