import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npyBytes, readNpy } from '../formats/index.ts'
import { GraphBuilder, type Model } from '../graph/index.ts'
import { withImageMetadata } from '../image/index.ts'
import { writeModelFile } from '../onnx/index.node.ts'
import { type HostTensor, hostTensor } from '../runtime/index.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)

/** Mean of every channel of an image [N, 3, 2, 2]: a classifier of its colour. */
function colours(): Model {
  const b = new GraphBuilder('colours')
  const pooled = b.node('GlobalAveragePool', [b.input('image', 'float32', ['N', 3, 2, 2])], {}, { name: 'pool' })
  b.output(b.node('Flatten', [pooled], {}, { name: 'flat' }))
  return b.model()
}

/** x [1, 1, 4, 4] → Relu → y. */
function writeModel(): void {
  const b = new GraphBuilder('small')
  b.output(b.node('Relu', [b.input('x', 'float32', ['N', 1, 4, 4])], {}, { name: 'relu' }))
  writeModelFile(b.model(), at('m.onnx'))
}

const save = (name: string, tensor: HostTensor) => writeFileSync(at(name), npyBytes(tensor))
const ramp = Array.from({ length: 16 }, (_, i) => i - 7.5)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-run-'))
  writeModel()
  save('x.npy', hostTensor('float32', [1, 1, 4, 4], ramp))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function refused(status: 1 | 2, message: string, ...argv: string[]): Promise<void> {
  expect(await kerf('run', at('m.onnx'), ...argv)).toEqual({ status, out: '', err: expect.stringContaining(message) })
}

describe('kerf run', () => {
  it('reads a .npy file and writes one', async () => {
    expect(await kerf('run', at('m.onnx'), '--input', at('x.npy'), '-o', at('y.npy'))).toMatchObject({
      status: 0,
      err: '',
    })
    const { shape, data } = readNpy(readFileSync(at('y.npy')), 'y.npy')
    expect([shape, [...data]]).toEqual([[1, 1, 4, 4], ramp.map((v) => Math.max(0, v))])
  })

  it('says what is wrong with an input', async () => {
    save('doubles.npy', hostTensor('float64', [1, 1, 4, 4], ramp))
    const astype = 'doubles.npy holds float64, input "x" takes float32. Save it again with x.astype("float32").'
    await refused(1, astype, '--input', at('doubles.npy'))
    mkdirSync(at('folder.npy'))
    await refused(1, 'folder.npy is a folder. Give the path of a file.', '--input', at('folder.npy'))
    await refused(1, 'nothing.npy: there is no such file or folder.', '--input', at('nothing.npy'))
    writeFileSync(at('empty.png'), '')
    await refused(1, 'empty.png is empty. Give another image.', '--input', at('empty.png'))
    writeFileSync(at('text.png'), 'text')
    await refused(
      1,
      'text.png cannot be read as an image: it is in no format known here (PNG, JPEG, WebP, AVIF, TIFF or GIF). Give another image, or a .npy file.',
      ...['--input', at('text.png')],
    )
  })

  it('says the right order where the files are exchanged', async () => {
    const right = `kerf: The network comes first, and what it is given behind --input: kerf run ${at('m.onnx')} --input ${at('x.npy')}\n`
    for (const files of [
      [at('x.npy'), at('m.onnx')],
      [at('m.onnx'), at('x.npy')],
    ])
      expect(await kerf('run', ...files)).toEqual({ status: 2, out: '', err: right })
    expect((await kerf('run', 'photo.png')).err).toContain(': kerf run MODEL --input photo.png\n')
    expect((await kerf('run', at('m.onnx'), at('other.onnx'))).err).toContain(`m.onnx --input ${at('other.onnx')}`)
  })

  it('takes the best network of a run, or else its last', async () => {
    mkdirSync(at('run'))
    expect((await kerf('run', at('run'))).err).toContain('run has no best.onnx or last.onnx. Give an ONNX file')
    copyFileSync(at('m.onnx'), at('run/last.onnx'))
    expect(JSON.parse((await kerf('run', at('run'), '--json')).out).model).toBe(at('run/last.onnx'))
    copyFileSync(at('m.onnx'), at('run/best.onnx'))
    expect(JSON.parse((await kerf('run', at('run'), '--json')).out).model).toBe(at('run/best.onnx'))
    expect((await kerf('profile', at('run'))).out).toContain('best.onnx')
    // It is not replaced by what comes out of it.
    const prune = ['prune', at('run'), '-o', at('run/best.onnx'), '--ratio', '0.5', '--force']
    expect((await kerf(...prune)).err).toContain('is the input')
  })

  it('asks whether another choice was meant', async () => {
    await refused(2, 'Allowed choices are wasm, reference. Did you mean "wasm"?', '--backend', 'wsam')
    await refused(2, 'Allowed choices are fill, cover, contain. Did you mean "cover"?', '--fit', 'covr')
    const err = async (...argv: string[]) => (await kerf(...argv)).err
    expect(await err('profile', 'net:resnet65')).toContain(
      'There is no network "resnet65". Did you mean "resnet56"? There are ',
    )
    expect(await err('new', 'seperable', '--c', '4')).toContain('Did you mean "separable"?')
    expect(await err('lab', 'similarty')).toContain('Did you mean "similarity"?')
    expect(await err('prune', at('m.onnx'), '--method', 'filters')).toContain('Did you mean "filter"?')
    expect(await err('bench', at('m.onnx'), '--against', 'ortweb')).toContain('Did you mean "ort-web"?')
    expect(await err('eval', at('m.onnx'), '--data', 'minst:x')).toContain('Did you mean "mnist"?')
    expect(await err('data', 'mnits')).toContain('Did you mean "mnist"?')
  })

  it('refuses random numbers that memory cannot hold before it draws them', async () => {
    const message = 'Input "x" [1,1,100000,100000] takes 38147 MiB; WebAssembly has 4096 MiB for a whole network.'
    await refused(1, message, '--input', '1,1,100000,100000')
  })

  it('refuses threads that no machine has, and counts one for the reference', async () => {
    for (const threads of ['0', '257', '1e9', 'all'])
      await refused(2, 'Give a whole number from 1 to 256.', '--threads', threads)
    const { out } = await kerf('run', at('m.onnx'), '--backend', 'reference', '--threads', '2', '--json')
    expect(JSON.parse(out)).toMatchObject({ backend: 'reference', threads: 1 })
  })
})

describe('kerf run on an image', () => {
  const red = () =>
    sharp({ create: { width: 6, height: 3, channels: 3, background: '#ff0033' } })
      .png()
      .toFile(at('red.png'))

  it('says its class by name and does to it what the file says', async () => {
    await red()
    const preprocessing = {
      ...({ resize: [2, 2], fit: 'cover', border: 0, channels: 3, order: 'rgb', layout: 'NCHW' } as const),
      ...{ scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 0.1] },
    }
    writeModelFile(
      withImageMetadata(colours(), { classes: ['red', 'green', 'blue'], preprocessing }),
      at('colours.onnx'),
    )
    const { out, err } = await kerf('run', at('colours.onnx'), '--input', at('red.png'))
    // Red 1, green 0, blue 0.2 / 0.1 = 2; e² / (e² + e + 1) = 0.665
    expect(out).toMatch(/Answer +blue 0\.67\n/)
    expect(out).toMatch(
      /Class +Number +Value +Probability\n.*\nblue +2 +2 +66\.52 %\nred +0 +1 +24\.47 %\ngreen +1 +0 +9\.00 %/,
    )
    expect(out).toContain('--resize 2x2 --fit cover --channels rgb --scale 1/255 --mean 0,0,0 --std 1,1,0.1\n')
    expect(out).not.toContain('Assumed')
    expect(err).toBe('')
    const other = await kerf(
      'run',
      at('colours.onnx'),
      '--input',
      at('red.png'),
      '--std',
      '1',
      '--classes',
      'r,g,b',
      '--json',
    )
    expect(JSON.parse(other.out)).toMatchObject({
      inputs: [{ assumed: [], preprocessing: { std: [1, 1, 1] } }],
      outputs: [{ top: [[{ name: 'r', index: 0, value: 1 }, { name: 'b' }, { name: 'g' }]] }],
    })
  })

  it('has random images of the size that the file tells', async () => {
    const preprocessing = {
      ...({ resize: [6, 5], fit: 'fill', border: 0, channels: 3, order: 'rgb', layout: 'NCHW' } as const),
      ...{ scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
    }
    const b = new GraphBuilder('open')
    b.output(b.node('GlobalAveragePool', [b.input('image', 'float32', ['N', 3, 'H', 'W'])], {}, { name: 'pool' }))
    writeModelFile(withImageMetadata(b.model(), { preprocessing }), at('open.onnx'))
    expect(JSON.parse((await kerf('run', at('open.onnx'), '--json')).out).inputs).toMatchObject([
      { shape: [1, 3, 6, 5] },
    ])
    const bench = await kerf('bench', at('open.onnx'), '--seconds', '0.01', '--json')
    expect(JSON.parse(bench.out).inputs).toEqual([{ name: 'image', shape: [1, 3, 6, 5] }])
  })

  it('says what it assumed where nobody told', async () => {
    await red()
    writeModelFile(colours(), at('unknown.onnx'))
    const { out } = await kerf('run', at('unknown.onnx'), '--input', at('red.png'))
    expect(out).toMatch(/Answer +class 0 0\.\d\d\n/)
    expect(out).toContain(
      "Assumed, as neither a flag nor the file says it: the middle of the image, rgb, pixels from 0 to 1, ImageNet's mean and deviation.",
    )
    const broken = colours()
    writeModelFile({ ...broken, metadata: new Map([['kerf.classes', 'red']]) }, at('broken.onnx'))
    expect((await kerf('run', at('broken.onnx'), '--input', at('red.png'))).err).toBe(
      "kerf: kerf.classes in the file's metadata cannot be understood, so that it is passed over: red\n",
    )
  })

  it('takes names of classes from a file, and refuses what are none', async () => {
    await red()
    writeModelFile(colours(), at('named.onnx'))
    writeFileSync(at('labels.txt'), 'red\ngreen\nlight blue\n')
    const { out } = await kerf('run', at('named.onnx'), '--input', at('red.png'), '--classes', at('labels.txt'))
    expect(out).toContain('light blue')
    const two = await kerf('run', at('named.onnx'), '--input', at('red.png'), '--classes', 'a,b')
    expect(two.err).toEqual(
      expect.stringMatching(/^kerf: 2 names of classes fit no output: they are passed over \(.+ has 3\)\.\n$/),
    )
    const wrong = await kerf('run', at('named.onnx'), '--input', at('red.png'), '--std', '1,2')
    expect(wrong).toMatchObject({ status: 2, err: 'kerf: --std: std has 2 values for 3 channels.\n' })
    await refused(2, 'Give at least two names, as in cat,dog, or a text file with one per line.', '--classes', 'cat')
    await refused(2, 'Give a number, or one per channel', '--mean', '0.5;0.5')
    await refused(2, 'Give numbers greater than 0.', '--std', '0')
    await refused(2, 'Give height and width, as in 32 or 224x224.', '--resize', 'large')
  })
})
