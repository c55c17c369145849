import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { npyBytes } from '../formats/index.ts'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { kerf } from './in-process.ts'

/* A plain folder of pictures, without folders of classes: whatever needs no labels takes it, all of it. */

const count = 24
let folder: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-plain-'))
  mkdirSync(at('photos'))
  const random = seededRandom(1)
  for (let i = 0; i < count; i++)
    await sharp(
      Uint8Array.from({ length: 300 }, () => random.below(256)),
      { raw: { width: 10, height: 10, channels: 3 } },
    )
      .png()
      .toFile(at(`photos/${i}.png`))
  const small = { inputSize: 8, classes: 4, blocks: [1, 1, 1] } as const
  writeModelFile(nets.resnet20(small), at('net.onnx'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const data = () => ['--data', at('photos')]
const prune = (...more: string[]) => ['prune', at('net.onnx'), '--ratio', '0.5', '--json', ...data(), ...more]

async function works(name: string, args: readonly string[]) {
  const { status, out, err } = await kerf(...args, '-o', at(name), '--force')
  expect([status, err.replace(/^Wrote .*\n/, '')]).toEqual([0, ''])
  expect(existsSync(at(name))).toBe(true)
  return out
}

describe('a plain folder of pictures', () => {
  it('says the sizes that a model leaves open', async () => {
    const b = new GraphBuilder('open')
    const weight = (name: string, ...shape: number[]) => {
      const random = seededRandom(2)
      const count = shape.reduce((p, d) => p * d, 1)
      return b.constant(
        name,
        tensorOf(
          'float32',
          shape,
          Array.from({ length: count }, () => random.normal()),
        ),
      )
    }
    const x = b.input('x', 'float32', ['N', 3, 'H', 'W'])
    const first = b.node('Relu', [b.node('Conv', [x, weight('a', 6, 3, 3, 3)])])
    b.output(b.node('GlobalAveragePool', [b.node('Conv', [first, weight('b', 4, 6, 3, 3)])]))
    writeModelFile(b.model(), at('open.onnx'))
    const args = ['prune', at('open.onnx'), '--ratio', '0.5', '--json', ...data(), '--resize', '12x14', '--recover']
    const { before, check } = JSON.parse(await works('cut.onnx', args))
    expect(before.macs).toBe(10 * 12 * 6 * 27 + 8 * 10 * 4 * 54)
    expect(check.maxRelDiff).toBeLessThan(1e-5)
  })

  it.each([
    ['a criterion that looks at images', ['--criterion', 'mean-activation', '--images', String(count)]],
    ['a loss of the outputs', ['--criterion', 'fisher', '--loss', 'outputs', '--images', String(count)]],
    ['what an inexact cut changes', ['--inexact']],
  ])('kerf prune: %s', async (_, more) => {
    await works('a.onnx', prune(...more))
  })

  it('kerf prune --recover looks at every picture, and says which it could not use', async () => {
    await works('b.onnx', prune('--recover', '--images', String(count)))
    mkdirSync(at('more'))
    for (const name of readdirSync(at('photos'))) await sharp(at(`photos/${name}`)).toFile(at(`more/${name}`))
    writeFileSync(at('more/broken.png'), 'no picture')
    writeFileSync(at('more/old.bmp'), 'BM')
    const { status, err } = await kerf(
      ...['prune', at('net.onnx'), '--ratio', '0.5', '--recover', '--data', at('more'), '-o', at('b2.onnx')],
    )
    expect(status, err).toBe(0)
    expect(err).toMatch(/^2 could not be used and are left out:\n {2}broken\.png: .*\n {2}old\.bmp: \.bmp is no image/)
  })

  it('kerf sensitivity, kerf swap and kerf quantize', async () => {
    await works('s.json', ['sensitivity', at('net.onnx'), '--ratios', '0.5', ...data()])
    await works('adder.onnx', ['swap', at('net.onnx'), '--to', 'adder', '--json', ...data()])
    const codes = await works('codes.onnx', ['quantize', at('adder.onnx'), '--bits', '6', '--json', ...data()])
    expect(JSON.parse(codes)).toMatchObject({ images: 22, agreement: { images: 2, same: expect.any(Number) } })
    const all = await works('codes.onnx', [
      'quantize',
      at('adder.onnx'),
      '--bits',
      '6',
      '--evaluate',
      '0',
      '--json',
      ...data(),
    ])
    expect(JSON.parse(all).images).toBe(count)
  })

  it('kerf prune --recover takes an array of pictures, channels first or last', async () => {
    const random = seededRandom(2)
    const shape = [count, 8, 8, 3]
    const pixels = Uint8Array.from({ length: count * 192 }, () => random.below(256))
    writeFileSync(at('last.npy'), npyBytes({ elementType: 'uint8', shape, data: pixels }))
    const first = pixels.map((_, i) => {
      const [image, rest] = [Math.floor(i / 192), i % 192]
      return pixels[image * 192 + (rest % 64) * 3 + Math.floor(rest / 64)]!
    })
    writeFileSync(at('first.npy'), npyBytes({ elementType: 'uint8', shape: [count, 3, 8, 8], data: first }))
    const recovered = async (array: string) =>
      JSON.parse(
        await works('n.onnx', ['prune', at('net.onnx'), '--ratio', '0.5', '--json', '--recover', '--data', at(array)]),
      ).recovery
    expect(await recovered('last.npy')).toEqual(await recovered('first.npy'))
    const four = pixels.slice(0, 8 * 192)
    writeFileSync(at('four.npy'), npyBytes({ elementType: 'uint8', shape: [8, 4, 6, 8], data: four }))
    const args = ['prune', at('net.onnx'), '--ratio', '0.5', '--recover', '-o', at('none.onnx'), '--data']
    for (const [array, message] of [
      ['four.npy', /rgb is for images of 3 or 1 channels, these have 4/],
      ['photos/0.png', /0\.png is a PNG image, not a tar/],
    ] as const)
      expect(await kerf(...args, at(array))).toMatchObject({ status: 1, out: '', err: expect.stringMatching(message) })
    expect(existsSync(at('none.onnx'))).toBe(false)
  })

  it('kerf prune --finetune --teacher learns from both where they lie in folders of their classes', async () => {
    for (const name of readdirSync(at('photos'))) {
      const kind = `kind${Number.parseInt(name, 10) % 4}`
      mkdirSync(at(`classes/${kind}`), { recursive: true })
      await sharp(at(`photos/${name}`)).toFile(at(`classes/${kind}/${name}`))
    }
    const args = ['prune', at('net.onnx'), '--ratio', '0.5', '--data', at('classes'), '--epochs', '1', '-b', '4']
    const tuned = async (name: string, ...more: string[]) => {
      const { status, err } = await kerf(...args, '-o', at(name), '--finetune', ...more)
      expect(status, err).toBe(0)
      return readFileSync(at(name))
    }
    const alone = await tuned('alone.onnx')
    const taught = await tuned('taught.onnx', '--teacher', at('net.onnx'))
    expect(taught.byteLength).toBe(alone.byteLength)
    expect(taught.equals(alone)).toBe(false)
  })

  it.each([
    [
      'prune --criterion taylor',
      () => prune('--criterion', 'taylor'),
      /criterion taylor looks at labels; kerf criteria lists those that need none/,
    ],
    [
      'prune --criterion fisher',
      () => prune('--criterion', 'fisher'),
      /criterion fisher looks at labels; --loss outputs needs none/,
    ],
    ['prune --finetune', () => prune('--finetune'), /Fine-tuning learns from labels; --recover needs none/],
    [
      'prune --finetune --teacher',
      () => prune('--finetune', '--teacher', at('net.onnx')),
      /Fine-tuning learns from labels; --recover needs none/,
    ],
    ['eval', () => ['eval', at('net.onnx'), ...data()], /Accuracy is measured by labels/],
    [
      'train',
      () => ['train', '--model', at('net.onnx'), '--epochs', '1', ...data()],
      /Put every image into the folder of its class/,
    ],
  ])('kerf %s asks for folders of classes, and says why', async (name, args, why) => {
    const output = name === 'eval' ? [] : ['-o', at('none')]
    const { status, out, err } = await kerf(...args(), ...(name.startsWith('prune') ? ['-o', at('none.onnx')] : output))
    expect([status, out]).toEqual([1, ''])
    expect(err).toMatch(/the image 0\.png lies in no folder/)
    expect(err).toMatch(why)
    expect(existsSync(at('none.onnx')) || existsSync(at('none'))).toBe(false)
  })
})
