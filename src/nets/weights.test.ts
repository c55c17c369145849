import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { elementCount, seedFrom } from '../base/index.ts'
import { tensorOf, tensorValues } from '../graph/index.ts'
import { buildNet, importNet, type NetName, nets, parseNetName, type StoredWeight } from './index.ts'

/** Names and shapes of a published file of the public AdderNet code: ResNet-20 for MNIST (../../../shared/data/adder). */
const published: Record<string, number[]> = JSON.parse(
  readFileSync(new URL('addernet.json', import.meta.url), 'utf8'),
) as Record<string, number[]>

/** Numbers that tell names and places apart. */
const numbers = (name: string, shape: readonly number[]) => {
  const first = (seedFrom(5, name) & 0xffff) / 65536
  const values = new Float64Array(elementCount(shape)!)
  for (let i = 0; i < values.length; i++) values[i] = Math.fround(first + (i % 1024) / 1024)
  return values
}

const stored = (
  name: string,
  shape: readonly number[],
  elementType: 'float32' | 'float16' = 'float32',
): StoredWeight => ({
  elementType,
  shape,
  bytes: () => tensorOf(elementType, shape, numbers(name, shape)).data.bytes(),
})

const fileOf = (shapes: Record<string, readonly number[]>) =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, stored(name, shape)]))

/** The weights of one of our networks, as PyTorch would name them. */
function shapesOf(name: NetName): Record<string, readonly number[]> {
  const { initializers } = nets[name]().graph
  return Object.fromEntries(
    [...initializers].flatMap(([key, t]) =>
      t.elementType === 'float32' && t.shape.length > 0 ? [[key, t.shape] as const] : [],
    ),
  )
}

const content = (model: ReturnType<typeof buildNet>, name: string) => {
  const tensor = model.graph.initializers.get(name)
  if (!tensor) throw new Error(`no ${name}`)
  return tensorValues(tensor)
}

/** (`toEqual` looks at a million elements one by one.) */
const sameNumbers = (a: Float64Array, b: Float64Array) =>
  Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0

describe('names of networks', () => {
  it('say what convolves', () => {
    expect(parseNetName('resnet20')).toEqual({ net: 'resnet20', adder: false })
    expect(parseNetName('vgg_small-adder')).toEqual({ net: 'vgg_small', adder: true })
    const kinds = (name: string) => new Set(buildNet(name).graph.nodes.map((n) => n.opType))
    expect(kinds('resnet20').has('AdderConv')).toBe(false)
    expect(kinds('resnet20-adder').has('AdderConv')).toBe(true)
  })

  it.each([
    ['resnet81', ' Did you mean "resnet18"?'],
    ['resnet20-adder-adder', ' Did you mean "resnet20a-adder"?'],
    ['toString', ''],
    ['', ''],
  ])('%s is none', (name, hint) => {
    expect(() => buildNet(name)).toThrow(
      `There is no network "${name}".${hint} There are lenet5_bn, vgg_small, resnet20, resnet32,`,
    )
  })
})

describe('weights of the public AdderNet code', () => {
  it('load, with what follows from their shapes', () => {
    const { model, options, tensors, parameters, ignored } = importNet('resnet20-adder', fileOf(published))
    expect(options).toEqual({ inChannels: 1, classes: 10, classifier: 'convBn' })
    expect([tensors, parameters, ignored]).toEqual([110, 273_784, []])
    const input = model.graph.inputs[0]?.type
    expect(input?.kind === 'tensor' && input.shape).toEqual(['N', 1, 32, 32])
    // Every tensor is where it belongs: the last before the output is the classifier's BatchNormalization.
    for (const [name, shape] of Object.entries(published))
      expect(sameNumbers(content(model, name.replace(/adder$/, 'weight')), numbers(name, shape)), name).toBe(true)
    expect(model.graph.nodes.slice(-4).map((n) => [n.opType, n.inputs[1]])).toEqual([
      ['GlobalAveragePool', undefined],
      ['Conv', 'fc.weight'],
      ['BatchNormalization', 'bn2.weight'],
      ['Flatten', undefined],
    ])
  })

  it('load with the marks of training on several devices and counters of batches', () => {
    const file = new Map([...fileOf(published)].map(([name, weight]) => [`module.${name}`, weight]))
    file.set('module.bn1.num_batches_tracked', { ...stored('', []), elementType: 'int64' })
    const { model, ignored } = importNet('resnet20-adder', file)
    expect(ignored).toEqual(['module.bn1.num_batches_tracked'])
    expect(content(model, 'bn1.bias')).toEqual(numbers('bn1.bias', [16]))
  })
})

describe('weights of ordinary networks', () => {
  it.each(['mobilenet_v2', 'squeezenet1_1', 'lenet5_bn', 'resnet56'] as const)('%s', (name) => {
    const shapes = shapesOf(name)
    const [last = ''] = Object.keys(shapes).slice(-2)
    const { model, tensors } = importNet(name, fileOf(shapes))
    expect(tensors).toBe(Object.keys(shapes).length)
    expect(sameNumbers(content(model, last), numbers(last, shapes[last] as number[]))).toBe(true)
  })

  it('say how many classes and channels there are, and which shortcuts', () => {
    const shapes: Record<string, readonly number[]> = { ...shapesOf('resnet20'), 'fc.weight': [7, 64], 'fc.bias': [7] }
    shapes['conv1.weight'] = [16, 5, 3, 3]
    expect(importNet('resnet20', fileOf(shapes)).options).toEqual({ inChannels: 5, classes: 7 })
    const plain = Object.entries(shapes).filter(([name]) => !name.includes('downsample'))
    expect(importNet('resnet20', fileOf(Object.fromEntries(plain))).options).toMatchObject({ shortcut: 'pad' })
  })

  it('load where the classifier is called linear, with shortcuts without weights', () => {
    const shapes = Object.entries(shapesOf('resnet20a')).map(([name, s]) => [name.replace(/^fc/, 'linear'), s] as const)
    const { model, options } = importNet('resnet20a', fileOf(Object.fromEntries(shapes)))
    expect(options).toEqual({ inChannels: 3, classes: 10, shortcut: 'pad' })
    expect(content(model, 'fc.bias')).toEqual(numbers('linear.bias', [10]))
  })

  it('fit an adder network too where nothing tells them apart, which is said', () => {
    expect(importNet('lenet5_bn-adder', fileOf(shapesOf('lenet5_bn'))).alsoFits).toBe('lenet5_bn')
    expect(importNet('resnet20-adder', fileOf(published)).alsoFits).toBeUndefined()
    expect(importNet('lenet5_bn', fileOf(shapesOf('lenet5_bn'))).alsoFits).toBeUndefined()
  })

  it('become float32', () => {
    const shapes = shapesOf('lenet5_bn')
    const file = new Map(Object.entries(shapes).map(([name, s]) => [name, stored(name, s, 'float16')]))
    const values = content(importNet('lenet5_bn', file).model, 'fc.bias')
    const expected = numbers('fc.bias', [10])
    expect(values).not.toEqual(expected)
    values.forEach((v, i) => {
      expect(Math.abs(v - expected[i]!)).toBeLessThan(1e-3)
    })
  })
})

describe('what does not fit', () => {
  it('is listed at once', () => {
    const file = fileOf(published)
    file.delete('layer1.0.conv1.adder')
    file.set('layer9.weight', stored('', [3]))
    file.set('bn1.bias', stored('', [17]))
    file.set('bn1.weight', { ...stored('', [16]), elementType: 'int32' })
    file.set('bn1.running_var', { ...stored('', [16]), elementType: undefined })
    expect(() => importNet('resnet20-adder', file)).toThrow(
      `5 weights do not fit resnet20-adder, which has 110. Choose the network that they were saved from, and its sizes.
  The file lacks:
    layer1.0.conv1.adder [16,16,3,3]
  The network has no:
    layer9.weight [3]
  Other shapes:
    bn1.bias [17], the network has [16]
  Not floats:
    bn1.weight int32
    bn1.running_var of a type that ONNX has not`,
    )
  })

  it('fits the other kind of convolution, which is then named', () => {
    const failure = (net: string, file: Map<string, StoredWeight>) => {
      try {
        importNet(net, file)
      } catch (error) {
        return error as { message: string; details: { better?: string; mismatches: readonly unknown[] } }
      }
      throw new Error('nothing was thrown')
    }
    const { message, details } = failure('resnet20', fileOf(published))
    expect(message).toMatch(/^40 weights do not fit resnet20, which has \d+\. They all fit resnet20-adder: choose that/)
    // Half of them are missing, half of them unknown; each list says how many it leaves out.
    expect(message.match(/^ {4}and 8 more$/gm)).toHaveLength(2)
    expect(message.split('\n').length).toBeLessThan(40)
    expect(details).toMatchObject({ better: 'resnet20-adder', mismatches: { length: 40 } })
    const almost = fileOf(published)
    almost.delete('bn1.bias')
    expect(failure('resnet20', almost).message).toContain('All but 1 fit resnet20-adder')
    // What an adder network calls its weights, an ordinary one may too, so that only shapes can tell.
    expect(failure('mobilenet_v2-adder', fileOf(published)).details.better).toBeUndefined()
  })

  it('is everything, for another network', () => {
    let details: { mismatches?: readonly unknown[] } = {}
    try {
      importNet('mobilenet_v2', fileOf(published))
    } catch (error) {
      details = (error as { details: typeof details }).details
    }
    // Neither has a name of the other.
    expect(details.mismatches).toHaveLength(110 + Object.keys(shapesOf('mobilenet_v2')).length)
  })

  it('is not overlooked where options are given', () => {
    expect(() => importNet('resnet20-adder', fileOf(published), { classes: 11 })).toThrow(
      'Other shapes:\n    fc.weight [10,64,1,1], the network has [11,64,1,1]\n    bn2.weight [10]',
    )
  })

  it('is a number that is none', () => {
    const shapes = shapesOf('lenet5_bn')
    const file = fileOf(shapes)
    const bytes = tensorOf('float32', [10], Float32Array.of(1, Number.NaN, 0, 0, 0, 0, 0, 0, 0, 0)).data.bytes()
    file.set('fc.bias', { elementType: 'float32', shape: [10], bytes: () => bytes })
    expect(() => importNet('lenet5_bn', file)).toThrow('Weight "fc.bias" holds NaN (element 1).')
  })
})
