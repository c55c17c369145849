import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KerfError } from '../base/index.ts'
import { GraphBuilder, type Model, type Tensor, tensorOf } from '../graph/index.ts'
import { canonicalModel } from '../testing/canonical.ts'
import { largeWeights, sampleBytes } from '../testing/sample-model.ts'
import { FileSource } from './file-source.node.ts'
import { checkExternalData, filesOf, modelBytes, readModel, readModelFile, writeModelFile } from './index.node.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'kerf-onnx-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string) => join(folder, name)

/** Code and text of the KerfError that something throws. */
function failure(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    return `${error.code}: ${error.message}`
  }
  return 'no error'
}

/** A model whose weight `w`, 300 floats, lies at byte 64 of `location`. */
function externalModel(location: string, entries: Record<string, string> = { offset: '64', length: '1200' }): string {
  const external = [['location', location], ...Object.entries(entries)].map(([key, value]) => ({ key, value }))
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'g',
      initializer: [{ name: 'w', dims: [300n], dataType: 1, dataLocation: 1, externalData: external }],
      node: [{ opType: 'Relu', input: ['w'], output: ['y'] }],
      output: [{ name: 'y' }],
    },
  })
  writeFileSync(at('model.onnx'), toBinary(ModelProtoSchema, proto))
  return at('model.onnx')
}
const writeWeights = (name = 'weights.bin') =>
  writeFileSync(at(name), Uint8Array.of(...new Uint8Array(64).fill(9), ...largeWeights))
const weight = (model: Model, name = 'w'): Tensor => model.graph.initializers.get(name)!

describe('reading a file', () => {
  it('gives the model, and its weights when asked', () => {
    writeFileSync(at('sample.onnx'), sampleBytes())
    const model = readModelFile(at('sample.onnx'))
    expect(weight(model).data.bytes()).toEqual(largeWeights)
    expect(weight(model).data.bytes(1196, 4)).toEqual(largeWeights.subarray(1196))
    expect(filesOf(model)).toEqual([at('sample.onnx')])
    expect(canonicalModel(modelBytes(model))).toEqual(canonicalModel(sampleBytes()))
  })

  it('names what is wrong with the path', () => {
    expect(failure(() => readModelFile(at('nothing.onnx')))).toBe(
      `not-found: ${at('nothing.onnx')} does not exist. Check the path.`,
    )
    expect(failure(() => readModelFile(folder))).toBe(`not-a-file: ${folder} is a folder. Give the path of a file.`)
    writeFileSync(at('empty.onnx'), '')
    expect(failure(() => readModelFile(at('empty.onnx')))).toBe(
      `not-onnx: ${at('empty.onnx')} is empty. Export or copy the model again.`,
    )
    expect(failure(() => readModelFile(join(at('empty.onnx'), 'x')))).toMatch(/^not-found: /)
  })

  it('notices that the file has changed since', () => {
    writeFileSync(at('sample.onnx'), sampleBytes())
    const model = readModelFile(at('sample.onnx'))
    appendFileSync(at('sample.onnx'), 'x')
    expect(failure(() => weight(model).data.bytes())).toMatch(
      /^file-changed: .*sample\.onnx was changed while Kerf was using it/,
    )
  })
})

it('notices that a file changes while it is read', () => {
  writeFileSync(at('sample.onnx'), sampleBytes())
  const source = new FileSource(at('sample.onnx'))
  const failed = failure(() =>
    source.whileOpen(() => {
      source.read(0, 16)
      // As large as before, written in place.
      utimesSync(at('sample.onnx'), 1, 1)
      source.read(16, 16)
    }),
  )
  expect(failed).toMatch(/^file-changed: /)
})

describe('external data', () => {
  it('are found beside the model, and in folders beneath', () => {
    writeWeights()
    expect(weight(readModelFile(externalModel('weights.bin'))).data.bytes()).toEqual(largeWeights)
    expect(weight(readModelFile(externalModel('./weights.bin', { offset: '64' }))).data.bytes()).toEqual(largeWeights)
    mkdirSync(at('data'))
    writeWeights('data/w.bin')
    const model = readModelFile(externalModel('data/w.bin'))
    expect(weight(model).data.bytes()).toEqual(largeWeights)
    expect(filesOf(model)).toEqual([at('model.onnx'), at('data/w.bin')])
  })

  it('need not be there until they are asked for', () => {
    const model = readModelFile(externalModel('gone.bin'))
    expect(weight(model)).toMatchObject({ shape: [300], data: { byteLength: 1200 } })
    const message =
      /^external-missing: Initializer "w" float32 \[300\] is stored in "gone\.bin" beside the model, and that file does not exist\. Put it into the folder/
    expect(failure(() => weight(model).data.bytes())).toMatch(message)
    expect(failure(() => checkExternalData(model))).toMatch(message)
    writeWeights('gone.bin')
    expect(failure(() => checkExternalData(model))).toBe('no error')
  })

  it('must be long enough', () => {
    writeWeights()
    truncateSync(at('weights.bin'), 1000)
    const model = readModelFile(externalModel('weights.bin'))
    const message =
      /^external-too-short: Initializer "w" .* is stored in "weights\.bin", bytes 64 to 1264, but that file has only 1000 bytes/
    expect(failure(() => checkExternalData(model))).toMatch(message)
    expect(failure(() => weight(model).data.bytes())).toMatch(message)
  })

  it('must be described sensibly', () => {
    expect(failure(() => readModelFile(externalModel('w', { length: '12' })))).toMatch(
      /^wrong-length: .*needs 1200 bytes of data, 12 are said/,
    )
    expect(failure(() => readModelFile(externalModel('w', { offset: '-4' })))).toMatch(
      /^damaged: .*offset "-4", which is no number of bytes/,
    )
    expect(failure(() => readModelFile(externalModel('w', { offset: '99999999999999999999' })))).toMatch(/^damaged: /)
    expect(failure(() => readModelFile(externalModel('')))).toMatch(/^damaged: .*does not say where/)
  })

  it.each([
    '../secret',
    '/etc/passwd',
    'a/../../secret',
    '..',
    'C:\\secret',
    'C:secret',
    '..\\secret',
    'a\\b',
    'x\0y',
    'folder/',
  ])('never lead out of the folder: %j', (location) => {
    expect(failure(() => readModelFile(externalModel(location)))).toMatch(
      /^path-escape: Initializer "w" .*outside the model's folder/,
    )
  })

  it('never lead out of the folder by a link', () => {
    mkdirSync(at('inside'))
    writeWeights('secret.bin')
    symlinkSync(at('secret.bin'), at('inside/link.bin'))
    symlinkSync(folder, at('inside/up'))
    symlinkSync(at('inside/link.bin'), at('fine.bin'))
    for (const location of ['link.bin', 'up/secret.bin']) {
      const bytes = readFileSync(externalModel(location))
      writeFileSync(at('inside/model.onnx'), bytes)
      const model = readModelFile(at('inside/model.onnx'))
      expect(failure(() => checkExternalData(model))).toMatch(/^path-escape: /)
      expect(failure(() => weight(model).data.bytes())).toMatch(/^path-escape: /)
    }
    expect(weight(readModelFile(externalModel('fine.bin'))).data.bytes()).toEqual(largeWeights)
  })

  it('are out of reach of a model read from memory, which says so', () => {
    const model = readModel(readFileSync(externalModel('weights.bin')))
    expect(failure(() => weight(model).data.bytes())).toMatch(
      /^external-missing: .*outside the model's bytes\. Give readModel the option external/,
    )
  })
})

describe('writing a file', () => {
  const sample = () => readModel(sampleBytes())
  const content = (name: string) => canonicalModel(readFileSync(at(name)))

  it('puts everything inside by default', () => {
    expect(writeModelFile(sample(), at('out.onnx'))).toEqual({
      path: at('out.onnx'),
      bytes: readFileSync(at('out.onnx')).length,
    })
    expect(content('out.onnx')).toEqual(canonicalModel(sampleBytes()))
    expect(readdirSync(folder)).toEqual(['out.onnx'])
  })

  it('puts large initializers into a second file when asked, aligned, and nothing else', () => {
    const b = new GraphBuilder('g')
    const many = Array.from({ length: 300_000 }, (_, i) => i)
    const names = [
      b.ints('small', [1, 2]),
      b.constant('a', tensorOf('float32', [300], many.slice(0, 300))),
      b.constant('b', tensorOf('float32', [300_000], many)),
    ]
    const c = b.node('Constant', [], { value: tensorOf('float32', [300], many.slice(0, 300)) })
    for (const name of [...names, c]) b.output(b.node('Identity', [name]))
    const model = b.model()
    const written = writeModelFile(model, at('out.onnx'), { externalData: 'always' })
    expect(written).toEqual({
      path: at('out.onnx'),
      bytes: readFileSync(at('out.onnx')).length,
      externalPath: at('out.onnx.data'),
      externalBytes: 65536 + 1_200_000,
    })
    expect(readFileSync(at('out.onnx.data')).length).toBe(65536 + 1_200_000)
    const back = readModelFile(at('out.onnx'))
    expect(filesOf(back)).toEqual([at('out.onnx'), at('out.onnx.data')])
    // Inside again, it is the same model.
    expect(canonicalModel(modelBytes(back))).toEqual(canonicalModel(modelBytes(model)))
  })

  it('replaces nothing without force', () => {
    writeFileSync(at('out.onnx'), 'precious')
    expect(failure(() => writeModelFile(sample(), at('out.onnx')))).toMatch(
      /^exists: .*out\.onnx exists already\. Choose another path, or overwrite it with --force/,
    )
    expect(readFileSync(at('out.onnx'), 'utf8')).toBe('precious')
    writeModelFile(sample(), at('out.onnx'), { force: true })
    expect(content('out.onnx')).toEqual(canonicalModel(sampleBytes()))
    writeFileSync(at('two.onnx.data'), 'precious')
    expect(failure(() => writeModelFile(sample(), at('two.onnx'), { externalData: 'always' }))).toMatch(
      /^exists: .*two\.onnx\.data exists/,
    )
    expect(readdirSync(folder).sort()).toEqual(['out.onnx', 'two.onnx.data'])
  })

  it('never replaces what the weights come from, under any name', () => {
    writeWeights('out.onnx.data')
    const path = externalModel('out.onnx.data')
    const model = readModelFile(path)
    const before = readFileSync(path)
    symlinkSync(path, at('link.onnx'))
    linkSync(path, at('hard.onnx'))
    symlinkSync(folder, at('same-folder'))
    for (const target of [
      path,
      at('./model.onnx'),
      at('link.onnx'),
      at('hard.onnx'),
      at('same-folder/model.onnx'),
      at('out.onnx.data'),
    ])
      expect(
        failure(() => writeModelFile(model, target, { force: true })),
        target,
      ).toMatch(/^same-file: .* is the same file as .*, which the model is read from\. Write to another path/)
    // Its external data would land on the file that they are read from.
    expect(failure(() => writeModelFile(model, at('out.onnx'), { force: true, externalData: 'always' }))).toMatch(
      /^same-file: /,
    )
    expect(failure(() => writeModelFile(sample(), path, { force: true, protect: [path] }))).toMatch(/^same-file: /)
    expect(readFileSync(path)).toEqual(before)
    expect(readFileSync(at('out.onnx.data')).length).toBe(1264)
  })

  it('leaves nothing behind when a weight cannot be read', () => {
    writeFileSync(at('out.onnx'), 'precious')
    writeFileSync(at('out.onnx.data'), 'precious too')
    const b = new GraphBuilder('g')
    const failing: Tensor = {
      elementType: 'float32',
      shape: [1000],
      data: {
        byteLength: 4000,
        bytes: () => {
          throw new KerfError('test', 'no such weight')
        },
      },
    }
    b.output(
      b.node('Add', [b.constant('a', tensorOf('float32', [1000], new Array(1000).fill(1))), b.constant('b', failing)]),
    )
    for (const externalData of ['never', 'always'] as const) {
      expect(failure(() => writeModelFile(b.model(), at('new.onnx'), { externalData }))).toBe('test: no such weight')
      expect(failure(() => writeModelFile(b.model(), at('out.onnx'), { externalData, force: true }))).toBe(
        'test: no such weight',
      )
    }
    expect(readdirSync(folder).sort()).toEqual(['out.onnx', 'out.onnx.data'])
    expect([readFileSync(at('out.onnx'), 'utf8'), readFileSync(at('out.onnx.data'), 'utf8')]).toEqual([
      'precious',
      'precious too',
    ])
  })

  it('looks for missing weights before it writes', () => {
    const model = readModelFile(externalModel('gone.bin'))
    expect(failure(() => writeModelFile(model, at('out.onnx')))).toMatch(/^external-missing: /)
    expect(existsSync(at('out.onnx'))).toBe(false)
  })

  it('names what is wrong with the path', () => {
    expect(failure(() => writeModelFile(sample(), at('no/such/out.onnx')))).toMatch(
      /^not-found: .*the folder .*no\/such does not exist\. Make it first/,
    )
    expect(failure(() => writeModelFile(sample(), folder, { force: true }))).toMatch(/^not-a-file: /)
  })
})

describe('more than protobuf holds', () => {
  /** A model of 2.5 GB whose weights are zeros made when asked for. */
  const huge = () => {
    const b = new GraphBuilder('huge')
    for (let i = 0; i < 5; i++) {
      const data = {
        byteLength: 500_000_000,
        streamed: true,
        bytes: (_: number, length: number) => new Uint8Array(length),
      }
      b.output(
        b.node('Identity', [b.constant(`w${i}`, { elementType: 'uint8', shape: [500_000_000], data: data as never })]),
      )
    }
    return b.model()
  }

  it('is refused where it must stay inside', () => {
    expect(failure(() => writeModelFile(huge(), at('out.onnx'), { externalData: 'never' }))).toMatch(
      /^too-large: The model would be 2500000\d+ bytes long; protobuf ends at 2147483647\. Write its weights to an external data file/,
    )
    expect(failure(() => modelBytes(huge()))).toMatch(/^too-large: /)
    expect(readdirSync(folder)).toEqual([])
  })
})
