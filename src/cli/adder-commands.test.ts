// kerf swap and kerf quantize, one after the other, as somebody uses them.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attributeOf, GraphBuilder, type Model, tensorOf, tensorValues, type ValueInfo } from '../graph/index.ts'
import { nets } from '../nets/index.ts'
import { readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { parseRecipe } from '../train/index.node.ts'
import { kerf } from './in-process.ts'

let folder: string
const at = (name: string) => join(folder, name)
/** 24 images of one channel, 16×16, three classes. */
const data = [
  ...['--data', 'generated', '--set', 'data.classes=3', '--set', 'data.size=16'],
  ...['--set', 'data.trainImages=24', '--set', 'data.testImages=9'],
]

/** A failure says one thing, and leaves nothing behind. */
async function fails(status: number, message: string, ...argv: string[]): Promise<void> {
  const before = readdirSync(folder).sort()
  const result = await kerf(...argv)
  expect(result.err).toContain(message)
  expect([result.status, result.out]).toEqual([status, ''])
  expect(readdirSync(folder).sort()).toEqual(before)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kerf-adder-'))
  writeModelFile(nets.lenet5_bn({ inputSize: 16, classes: 3 }), at('lenet.onnx'))
  const { status, err } = await kerf('swap', at('lenet.onnx'), '-o', at('adder.onnx'), '--to', 'adder', ...data)
  expect({ status, err }).toEqual({ status: 0, err: '' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kerf swap', () => {
  it('writes a network with adder layers and a recipe that trains it, and says what it did', async () => {
    const { status, out } = await kerf(
      ...[
        'swap',
        at('lenet.onnx'),
        '-o',
        at('other.onnx'),
        '--to',
        'adder',
        '--write-recipe',
        at('distil.json'),
        ...data,
      ],
    )
    expect(status).toBe(0)
    expect(out).toContain('3 layers for adder convolutions')
    expect(out).toContain('measured on training images')
    expect(out).toMatch(/conv1 +the first convolution stays as it is, as in AdderNet/)
    expect(out).toMatch(/conv2 +16×6×5×5 +N\(0, 1\) +kept/)
    // 16×6×25 terms at 8² pixels, and so on, are no multiplications any more.
    expect(out).toMatch(/Multiplications +[\d,]+ +[\d,]+ +0\.\d+/)
    expect(out).toContain(`kerf train ${at('distil.json')}`)
    expect(readModelFile(at('other.onnx')).graph.nodes.filter((n) => n.opType === 'AdderConv')).toHaveLength(3)
    const recipe = parseRecipe(JSON.parse(readFileSync(at('distil.json'), 'utf8')))
    expect(recipe).toMatchObject({
      model: { onnx: at('other.onnx') },
      data: { kind: 'generated', size: 16 },
      distillation: { teacher: at('lenet.onnx') },
    })
  })

  it('takes the layers it is told, measures on noise, and prints JSON', async () => {
    const args = [
      'swap',
      at('lenet.onnx'),
      '-o',
      at('two.onnx'),
      '--to',
      'adder',
      '--layers',
      'conv[12]',
      '--keep-weights',
    ]
    const { status, out, err } = await kerf(...args, '--json')
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({
      swapped: [{ node: 'conv1' }, { node: 'conv2', facts: { batchNormalization: 'kept' } }],
      kept: [],
      refused: [],
      statistics: 'noise',
      totals: { muls: { ratio: expect.any(Number) } },
      written: { path: at('two.onnx') },
    })
    const weights = (file: string) => readModelFile(at(file)).graph.initializers.get('conv2.weight')?.data.bytes()
    expect(weights('two.onnx')).toEqual(weights('lenet.onnx'))
  })

  it('draws every input of a network with several, and says what data are for', async () => {
    const b = new GraphBuilder('two')
    const weight = (name: string, channels: number) =>
      b.constant(name, tensorOf('float32', [4, channels, 1, 1], new Float32Array(4 * channels).fill(0.5)))
    const left = b.node('Conv', [b.input('left', 'float32', ['N', 3, 'H', 8]), weight('l', 3)], {}, { name: 'l' })
    const sum = b.node('Add', [left, b.input('right', 'float32', ['N', 4, 'H', 8])])
    const last = b.node('Conv', [b.node('Conv', [sum, weight('m', 4)], {}, { name: 'm' }), weight('o', 4)], {})
    b.output(last)
    writeModelFile(b.model(), at('two-inputs.onnx'))
    const args = ['swap', at('two-inputs.onnx'), '-o', at('two-adder.onnx'), '--to', 'adder']
    await fails(1, 'Give them, for example --input left:1,3,224,8 --input right:1,4,224,8.', ...args)
    const { status, out, err } = await kerf(...args, '--input', 'left:4,3,8,8', '--json')
    expect(status, err).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ swapped: [{ node: 'm' }], statistics: 'noise' })
    const { initializers } = readModelFile(at('two-adder.onnx')).graph
    for (const name of ['m.bn_mean', 'm.bn_variance'])
      expect([...tensorValues(initializers.get(name)!)].every((v) => v !== 0 && v !== 1)).toBe(true)
    await fails(
      ...([1, 'The model has 2 inputs (left, right); images of a data set go to networks with one.', ...args] as [
        number,
        string,
        ...string[],
      ]),
      ...['--input', 'left:4,3,8,8', '-o', at('other-two.onnx'), ...data],
    )
  })

  it('writes nothing in a dry run', async () => {
    const before = readdirSync(folder)
    const { status, out } = await kerf('swap', at('lenet.onnx'), '--to', 'adder', '--dry-run')
    expect(status).toBe(0)
    expect(out).toContain('nothing (--dry-run)')
    expect(readdirSync(folder)).toEqual(before)
  })

  it.each<[string, number, string, string[]]>([
    ['no output', 2, 'Say where the new network goes', ['lenet.onnx', '--to', 'adder']],
    ['no kind', 2, "required option '--to <kind>'", ['lenet.onnx', '-o', 'x.onnx']],
    ['another kind', 2, 'Allowed choices are separable, low-rank', ['lenet.onnx', '-o', 'x.onnx', '--to', 'winograd']],
    [
      'no such layer',
      1,
      'No layer is called "conv9*". Those that can be swapped: conv1, conv2,',
      ['lenet.onnx', '-o', 'x.onnx', '--to', 'adder', '--layers', 'conv9*'],
    ],
    [
      'a linear layer',
      1,
      'Gemm "fc": it is no Conv',
      ['lenet.onnx', '-o', 'x.onnx', '--to', 'adder', '--layers', 'fc'],
    ],
    [
      'a recipe without data',
      2,
      'A recipe needs data',
      ['lenet.onnx', '-o', 'x.onnx', '--to', 'adder', '--write-recipe', 'r.json'],
    ],
    ['the input as output', 1, 'is the input', ['lenet.onnx', '-o', 'lenet.onnx', '--to', 'adder', '--force']],
  ])('refuses %s', (_, status, message, args) =>
    fails(status, message, 'swap', ...args.map((a) => (/\.(onnx|json)$/.test(a) ? at(a) : a))),
  )
})

/** LeNet as TensorFlow exports it: one image at a time, channels last. */
function channelsLast(): Model {
  const { graph, ...rest } = readModelFile(at('lenet.onnx'))
  const [{ name }] = graph.inputs as [ValueInfo]
  const input: ValueInfo = {
    name: 'pixels',
    type: { kind: 'tensor', elementType: 'float32', shape: [1, 16, 16, 1] },
  }
  const perm = new Map([['perm', attributeOf([0, 3, 1, 2])]])
  const turned = {
    name: 'turn',
    opType: 'Transpose',
    domain: '',
    inputs: ['pixels'],
    outputs: [name],
    attributes: perm,
  }
  const outputs = graph.outputs.map((o) => ({ ...o, type: undefined }))
  return { ...rest, graph: { ...graph, inputs: [input], outputs, nodes: [turned, ...graph.nodes] } }
}

describe('a file for one image at a time with channels last', () => {
  it('is swapped and quantised to the same numbers as any other', async () => {
    writeModelFile(channelsLast(), at('last.onnx'))
    const swap = ['swap', at('last.onnx'), '-o', at('last-adder.onnx'), '--to', 'adder']
    expect(await kerf(...swap, ...data)).toMatchObject({ status: 0, err: '' })
    const statistics = (file: string) => {
      const { initializers } = readModelFile(at(file)).graph
      return ['running_mean', 'running_var'].map((k) => [...tensorValues(initializers.get(`bn3.${k}`)!)])
    }
    expect(statistics('last-adder.onnx')).toEqual(statistics('adder.onnx'))
    const accuracies: unknown[] = []
    for (const file of ['last-adder', 'adder']) {
      const quantise = ['quantize', at(`${file}.onnx`), '-o', at(`${file}-6.onnx`), '--bits', '6', '--json', ...data]
      const { status, out, err } = await kerf(...quantise)
      expect({ status, err }).toEqual({ status: 0, err: '' })
      const { accuracy, images, layers } = JSON.parse(out)
      accuracies.push({ accuracy, images, ranges: layers.map((l: { range: unknown }) => l.range) })
    }
    expect(accuracies[0]).toEqual(accuracies[1])
  })
})

describe('kerf quantize', () => {
  it('writes a network in codes, with accuracy before and after and what changed in every tensor', async () => {
    const { status, out, err } = await kerf(
      ...['quantize', at('adder.onnx'), '-o', at('codes.onnx'), '--bits', '6', '--images', '20', ...data],
    )
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toContain('6 bits, ranges by mse from 20 images')
    expect(out).toMatch(/Accuracy before +[\d.]+ % \(\d of 9\)\nAccuracy after +[\d.]+ % \(\d of 9\)/)
    expect(out).toMatch(/conv2 +0 … [\d.]+ +0 … [\d.]+/)
    const { graph } = readModelFile(at('codes.onnx'))
    expect(graph.nodes.filter((n) => n.opType === 'QuantizeLinear')).toHaveLength(3)
    // It runs as any model does.
    expect((await kerf('run', at('codes.onnx'), '--input', '1,1,16,16')).status).toBe(0)
  })

  it('prints JSON', async () => {
    const { out } = await kerf(
      ...[
        'quantize',
        at('adder.onnx'),
        '-o',
        at('json.onnx'),
        '--bits',
        '4',
        '--range',
        'minmax',
        '--evaluate',
        '0',
        '--json',
        ...data,
      ],
    )
    const result = JSON.parse(out)
    expect(result).toMatchObject({ bits: 4, range: 'minmax', images: 24, written: { path: at('json.onnx') } })
    expect(result.accuracy).toBeUndefined()
    expect(result.layers.map((l: { node: string; most: number }) => [l.node, l.most])).toEqual([
      ['conv2', 15],
      ['conv3', 15],
      ['conv4', 15],
    ])
  })

  it("puts filters' means right where that is asked for, and says so", async () => {
    const quantise = (name: string, ...more: string[]) =>
      kerf('quantize', at('adder.onnx'), '-o', at(name), '--bits', '3', '--evaluate', '0', ...more, ...data)
    const plain = await quantise('plain.onnx')
    const corrected = await quantise('corrected.onnx', '--bias-correction')
    expect(corrected).toMatchObject({ status: 0, err: '' })
    expect(corrected.out).toContain('means of filters corrected')
    expect(plain.out).not.toContain('corrected')
    const constants = (name: string) => {
      const { nodes, initializers } = readModelFile(at(name)).graph
      const adders = nodes.filter((n) => n.opType === 'AdderConv')
      return adders.map((n) => Buffer.from(initializers.get(n.inputs[2]!)?.data.bytes() as Uint8Array))
    }
    expect(constants('plain.onnx')).toHaveLength(3)
    for (const [i, bytes] of constants('corrected.onnx').entries())
      expect(bytes.equals(constants('plain.onnx')[i] as Buffer)).toBe(false)
  })

  it.each<[string, number, string, string[]]>([
    ['no data', 2, 'Ranges follow from data: say which', ['adder.onnx', '-o', 'x.onnx', '--bits', '6']],
    [
      '9 bits',
      2,
      "option '--bits <n>' argument '9' is invalid. Give a whole number from 2 to 8.",
      ['adder.onnx', '-o', 'x.onnx', '--bits', '9', ...data],
    ],
    ['1 bit', 2, 'from 2 to 8.', ['adder.onnx', '-o', 'x.onnx', '--bits', '1', ...data]],
    [
      'no whole number',
      2,
      'Give a whole number from 2 to 8.',
      ['adder.onnx', '-o', 'x.onnx', '--bits', '6.5', ...data],
    ],
    [
      'no bits',
      2,
      'Codes of adder layers have 2 to 8 bits: say how many, as in --bits 6.',
      ['adder.onnx', '-o', 'x.onnx', ...data],
    ],
    [
      'a network without adder layers',
      1,
      'The model has no adder layer',
      ['lenet.onnx', '-o', 'x.onnx', '--to', 'adder', '--bits', '6', ...data],
    ],
    [
      'images of another size',
      2,
      '--resize: Input "input" takes 16×16 pixels, not 32×32. Resize to 16x16.',
      ['adder.onnx', '-o', 'x.onnx', '--bits', '6', ...data, '--resize', '32'],
    ],
    [
      'a wrong size',
      2,
      'Give height and width',
      ['adder.onnx', '-o', 'x.onnx', '--bits', '6', ...data, '--resize', 'big'],
    ],
    [
      'means of other channels',
      2,
      '--mean: mean has 3 values for one channel.',
      ['adder.onnx', '-o', 'x.onnx', '--bits', '6', ...data, '--mean', '0.5,0.5,0.5'],
    ],
    ['the input as output', 1, 'is the input', ['adder.onnx', '-o', 'adder.onnx', '--bits', '6', '--force', ...data]],
  ])('refuses %s', (_, status, message, args) =>
    fails(status, message, 'quantize', ...args.map((a) => (a.endsWith('.onnx') ? at(a) : a))),
  )

  it('takes the grey of images in colours for a network of one channel', async () => {
    const args = [
      'quantize',
      at('adder.onnx'),
      '-o',
      at('grey.onnx'),
      '--bits',
      '6',
      ...data,
      '--set',
      'data.channels=3',
    ]
    const { status, err } = await kerf(...args)
    expect({ status, err }).toEqual({ status: 0, err: '' })
  })

  it('refuses images that are all the same', async () => {
    // A deviation so large that nothing is left of the images.
    await fails(
      ...([1, 'The data are constant', 'quantize', at('adder.onnx'), '-o', at('x.onnx'), '--bits', '6', ...data] as [
        number,
        string,
        ...string[],
      ]),
      ...['--std', '1e300'],
    )
    expect(existsSync(at('x.onnx'))).toBe(false)
  })
})
