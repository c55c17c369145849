// Other files: recipes, weights, arrays, images, and archives of images.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import sharp from 'sharp'
import { pack } from 'tar-stream'
import type { Random } from '../../src/base/index.ts'
import { imageDecoder, imagesFromIdx, openData } from '../../src/data/index.node.ts'
import {
  encodeSafetensors,
  npyBytes,
  readNpy,
  readSafetensors,
  type SafetensorsTensor,
  weightsOf,
} from '../../src/formats/index.ts'
import { hostTensor, hostValues } from '../../src/runtime/index.ts'
import { describeRecipe, lossOf, optimiserSettings, parseRecipe, scheduleOf } from '../../src/train/index.ts'
import { chance, mutateBytes, mutateJson, pick, times } from '../mutate.ts'
import { type Target, WrongResult } from '../outcome.ts'
import { smallerBytes, smallerJson } from '../shrink.ts'

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))

const recipes = [
  {
    model: { net: 'lenet5_bn' },
    data: { kind: 'mnist', path: 'data/mnist' },
    validation: 0.1,
    transforms: [{ kind: 'crop', padding: 2 }, { kind: 'flip' }, { kind: 'normalise', mean: [0.1], deviation: [0.3] }],
    output: 'runs/a',
    ...{
      epochs: 10,
      batchSize: 64,
      learningRate: 0.1,
      weightDecay: 1e-4,
      seed: 3,
      patience: 2,
      gradientClip: { norm: 1 },
    },
    schedule: { kind: 'cosine', warmUp: { epochs: 1 } },
  },
  {
    model: { net: 'resnet20', classes: 7 },
    data: { kind: 'images', train: 'a', test: 'b' },
    transforms: [{ kind: 'resize', size: 32 }],
    output: 'runs/b',
    ...{ epochs: 3, batchSize: 8, optimiser: { kind: 'adamw' } },
    schedule: { kind: 'step', atEpochs: [1, 2], factor: 0.1 },
    ...{ loss: 'crossEntropy', labelSmoothing: 0.1 },
  },
]

const recipe: Target = {
  name: 'recipe',
  extension: 'json',
  weight: 8,
  make(random) {
    let value: unknown = pick(random, recipes)
    for (let n = random.below(4); n >= 0; n--) value = mutateJson(value, random)
    return encode(value)
  },
  run(bytes, at) {
    const value = decode(bytes)
    at('parse')
    const parsed = parseRecipe(value)
    at('parse what was parsed')
    if (!isDeepStrictEqual(parseRecipe(JSON.parse(JSON.stringify(parsed))), JSON.parse(JSON.stringify(parsed))))
      throw new WrongResult('a recipe with its defaults is another one')
    at('describe')
    describeRecipe(parsed)
    at('settings')
    lossOf(parsed)
    optimiserSettings(parsed)
    const rate = scheduleOf(parsed)(5, 100, 10)
    if (!(rate >= 0)) throw new WrongResult(`a learning rate of ${rate}`)
  },
  *smaller(bytes) {
    for (const less of smallerJson(decode(bytes))) yield encode(less)
  },
}

const shapes = [[], [0], [3], [2, 3], [1, 2, 2, 3], [4, 0, 2]]

const safetensors: Target = {
  name: 'safetensors',
  extension: 'safetensors',
  weight: 5,
  make(random) {
    const tensors = times(random.below(4), (i): [string, SafetensorsTensor] => {
      const [type, size] = pick(random, [
        ['F32', 4],
        ['I64', 8],
        ['U8', 1],
        ['F16', 2],
        ['BOOL', 1],
      ] as const)
      const shape = pick(random, shapes)
      return [`layer.${i}.weight`, { type, shape, bytes: new Uint8Array(size * shape.reduce((p, d) => p * d, 1)) }]
    })
    const bytes = encodeSafetensors(new Map(tensors), { format: 'pt' })
    if (chance(random, 0.3)) return mutateBytes(bytes, random)
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
    const header = encode(mutateJson(decode(bytes.slice(8, 8 + length)), random))
    const out = new Uint8Array(8 + header.length + bytes.length - 8 - length)
    new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true)
    out.set(header, 8)
    out.set(bytes.subarray(8 + length), 8 + header.length)
    return out
  },
  run(bytes, at) {
    at('read')
    const file = readSafetensors(bytes)
    at('write')
    const again = readSafetensors(encodeSafetensors(file.tensors, file.metadata))
    if ([...again.tensors.keys()].sort().join() !== [...file.tensors.keys()].sort().join())
      throw new WrongResult('the written file has other tensors')
    at('weights')
    for (const weight of weightsOf(file).values()) weight.bytes()
  },
  smaller: smallerBytes,
}

const npy: Target = {
  name: 'npy',
  extension: 'npy',
  weight: 5,
  make(random) {
    const shape = pick(random, shapes)
    const type = pick(random, ['float32', 'float64', 'int64', 'uint8', 'bool', 'float16'] as const)
    const values = times(
      shape.reduce((p, d) => p * d, 1),
      (i) => i % 2,
    )
    const bytes = npyBytes(hostTensor(type, shape, values))
    if (chance(random, 0.4)) return mutateBytes(bytes, random)
    const text = new TextDecoder('latin1').decode(bytes)
    const parts = [
      'False',
      'True',
      '<f4',
      '>f8',
      '|b1',
      '(3,)',
      '()',
      '(99999999999,)',
      '(1,2)',
      '}',
      "'",
      '<c8',
      '(2L, 3L)',
    ]
    return Uint8Array.from(
      text.replace(pick(random, [/'[<|]..'/, /\([\d, ]*\)/, 'False', /\{/]), pick(random, parts)),
      (c) => c.charCodeAt(0),
    )
  },
  run(bytes, at) {
    at('read')
    const tensor = readNpy(bytes, 'a.npy')
    at('write')
    const again = readNpy(npyBytes(tensor), 'b.npy')
    if (again.shape.join() !== tensor.shape.join() || hostValues(again).join() !== hostValues(tensor).join())
      throw new WrongResult('the written array is another one')
  },
  smaller: smallerBytes,
}

const idx: Target = {
  name: 'idx',
  extension: 'idx',
  weight: 4,
  make(random) {
    const [count, height, width] = times(3, () => random.below(5)) as [number, number, number]
    const bytes = [0, 0, 8, 3, ...[count, height, width].flatMap((d) => [0, 0, 0, d])]
    bytes.push(...times(count * height * width, () => random.below(256)))
    return chance(random, 0.1) ? Uint8Array.from(bytes) : mutateBytes(Uint8Array.from(bytes), random)
  },
  run(bytes, at) {
    at('read as images')
    const count = new DataView(bytes.buffer, bytes.byteOffset).byteLength >= 8 ? bytes[7]! : 0
    const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, count, ...times(count, (i) => i % 3))
    const set = imagesFromIdx({ name: 'images', bytes }, { name: 'labels', bytes: labels })
    at('read one')
    set.read(0, new Float32Array(set.channels * set.height * set.width))
    at('read as labels')
    imagesFromIdx(
      { name: 'images', bytes: Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7) },
      { name: 'labels', bytes },
    )
  },
  smaller: smallerBytes,
}

async function picture(random: Random): Promise<Uint8Array> {
  const [width, height] = [1 + random.below(9), 1 + random.below(9)]
  const channels = pick(random, [1, 3, 4] as const)
  const data = times(width * height * channels, () => random.below(256))
  if (chance(random, 0.2))
    return Uint8Array.from([...new TextEncoder().encode(`P6\n${width} ${height}\n255\n`), ...data])
  const image = sharp(Uint8Array.from(data), { raw: { width, height, channels } })
  return new Uint8Array(await (chance(random, 0.5) ? image.png() : image.jpeg()).toBuffer())
}

const image: Target = {
  name: 'image',
  extension: 'bin',
  weight: 4,
  make: async (random) => mutateBytes(await picture(random), random),
  async run(bytes, at) {
    at('decode')
    for (const colour of [false, true]) {
      const made = await (await imageDecoder(colour))(bytes)
      if ('problem' in made) continue
      if (made.pixels.length !== made.channels * made.height * made.width)
        throw new WrongResult('the image has another number of pixels than was said')
    }
  },
  smaller: smallerBytes,
}

/** One for every process, emptied by the system. */
let folder: string | undefined

const tar: Target = {
  name: 'tar',
  extension: 'tar',
  weight: 4,
  async make(random) {
    const archive = pack()
    for (let i = random.below(4); i >= 0; i--) {
      const name = pick(random, [
        `cat/${i}.png`,
        `dog/${i}.jpg`,
        `${i}.png`,
        'cat/',
        '../up.png',
        'deep/er/a.png',
        '__proto__/a.png',
      ])
      archive.entry({ name }, Buffer.from(await picture(random)))
    }
    archive.finalize()
    const chunks: Uint8Array[] = []
    for await (const chunk of archive) chunks.push(chunk as Uint8Array)
    const bytes = new Uint8Array(Buffer.concat(chunks))
    return chance(random, 0.2) ? bytes : mutateBytes(bytes.length > 4096 ? bytes.subarray(0, 4096) : bytes, random)
  },
  async run(bytes, at) {
    folder ??= mkdtempSync(join(tmpdir(), 'kerf-fuzz-'))
    const path = join(folder, 'images.tar')
    writeFileSync(path, bytes)
    at('open')
    const sets = await openData({ kind: 'tar', train: path, test: path }, { transforms: [] })
    at('read one')
    sets.train.read(0, new Float32Array(sets.train.channels * sets.train.height * sets.train.width))
  },
  smaller: smallerBytes,
}

export const files: readonly Target[] = [recipe, safetensors, npy, idx, image, tar]
