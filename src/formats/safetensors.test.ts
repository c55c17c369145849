import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { elementCount } from '../base/index.ts'
import { describeShared, sharedPath } from '../testing/shared.ts'
import {
  encodeSafetensors,
  float32Of,
  float32Tensor,
  float64Of,
  float64Tensor,
  readSafetensors,
  type SafetensorsTensor,
  type SafetensorsType,
  safetensorsTypes,
} from './index.node.ts'
import { openSafetensorsFile } from './safetensors-file.node.ts'

/** A file from its parts, written by hand as the format's README says. */
function file(header: unknown, dataBytes: number, more: { length?: bigint; text?: string } = {}): Uint8Array {
  const json = new TextEncoder().encode(more.text ?? JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, more.length ?? BigInt(json.length), true)
  bytes.set(json, 8)
  for (let i = 0; i < dataBytes; i++) bytes[8 + json.length + i] = i
  return bytes
}
const tensor = (dtype: string, shape: unknown, ...offsets: number[]) => ({ dtype, shape, data_offsets: offsets })

describe('safetensors', () => {
  it('reads a file written by hand, without copying', () => {
    const bytes = file(
      {
        b: tensor('I16', [2], 4, 8),
        __metadata__: { format: 'pt' },
        a: tensor('F32', [], 0, 4),
        e: tensor('U8', [0, 7], 8, 8),
      },
      8,
    )
    const { metadata, tensors } = readSafetensors(bytes)
    expect(metadata).toEqual({ format: 'pt' })
    expect([...tensors.keys()].sort()).toEqual(['a', 'b', 'e'])
    expect(tensors.get('a')).toMatchObject({ type: 'F32', shape: [] })
    expect([...tensors.get('b')!.bytes]).toEqual([4, 5, 6, 7])
    expect(tensors.get('b')!.bytes.buffer).toBe(bytes.buffer)
    expect(tensors.get('e')!.bytes.length).toBe(0)
  })

  it('writes this file, byte for byte', () => {
    const written = encodeSafetensors(new Map([['w', float32Tensor(Float32Array.of(1, -2), [1, 2])]]), { k: 'v' })
    const header = '{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'.padEnd(88)
    expect(Buffer.from(written).toString('latin1')).toBe(`X\0\0\0\0\0\0\0${header}\0\0\x80?\0\0\0\xc0`)
  })

  const typed = fc.constantFrom(...safetensorsTypes).chain((type: SafetensorsType) =>
    fc.array(fc.nat(4), { maxLength: 3 }).chain((dims) => {
      // 8 elements more: a whole number of bytes whatever the type.
      const shape = [...dims, 8]
      const bits = { BOOL: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6, BF16: 16 }[type as string]
      const width = bits ?? (type.startsWith('F8') ? 8 : Number(type.replace(/\D/g, '')))
      const length = (elementCount(shape)! * width) / 8
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((bytes): SafetensorsTensor => ({ type, shape, bytes }))
    }),
  )
  it('reads what it writes: all types, any name, aligned', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), typed), { selector: ([name]) => name }),
        fc.dictionary(fc.string(), fc.string()),
        (entries, metadata) => {
          const tensors = new Map(entries.filter(([name]) => name !== '__metadata__'))
          const bytes = encodeSafetensors(tensors, metadata)
          const read = readSafetensors(bytes)
          expect({ ...read.metadata }).toEqual({ ...metadata })
          expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()))
          for (const { type, bytes } of read.tensors.values())
            if (type === 'F64' || type === 'F32') expect(bytes.byteOffset % (type === 'F64' ? 8 : 4)).toBe(0)
          // The order in which tensors are given does not matter.
          expect(encodeSafetensors(new Map([...tensors].reverse()), metadata)).toEqual(bytes)
        },
      ),
    )
  })

  it('gives elements as a view, or a copy where they are not aligned', () => {
    const values = Float64Array.of(1.5, Number.NaN, -0)
    const bytes = encodeSafetensors(new Map([['x', float64Tensor(values)]]))
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    expect(float64Of(readSafetensors(bytes).tensors.get('x')!)).toEqual(values)
    expect(float64Of(readSafetensors(shifted.subarray(1)).tensors.get('x')!)).toEqual(values)
    // Of Node's Buffer, whose slice() copies nothing.
    const buffer = Buffer.from(shifted.buffer, 1)
    expect(float64Of(readSafetensors(buffer).tensors.get('x')!)).toEqual(values)
    expect(() => float32Of(readSafetensors(bytes).tensors.get('x')!)).toThrow(
      'Expected a tensor of F32 elements, received F64.',
    )
  })

  const refused: [string, Uint8Array, string][] = [
    ['an empty file', new Uint8Array(0), '0 bytes are too few'],
    ['a cut-off header', file({}, 0, { length: 3n }), 'the header should have 3 bytes, 2 follow'],
    ['an enormous header', file({}, 0, { length: 2n ** 63n }), 'announce a header of 9223372036854775808 bytes'],
    ['another format', file(0, 0, { text: ' {}' }), 'does not start with "{"'],
    [
      'lists in lists',
      file(0, 0, { text: `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}` }),
      'it is nested more than 100 levels deep',
    ],
    ['broken JSON', file(0, 0, { text: '{"a":}' }), 'its header is not JSON'],
    ['broken UTF-8', file({}, 0).map((b, i) => (i === 9 ? 0xff : b)), 'its header is not UTF-8'],
    ['a name twice', file(0, 0, { text: '{"a\\"":1,"b":{"a":1,"a":2},"\\u0061\\"": 2}' }), 'the name "a"" twice'],
    ['metadata that are no texts', file({ __metadata__: { a: 1 } }, 0), '__metadata__ is not an object of texts'],
    ['an entry that is no object', file({ a: [] }, 0), 'tensor "a": not an object'],
    ['an unknown type', file({ a: tensor('F31', [1], 0, 4) }, 4), 'dtype "F31" is none of BOOL, '],
    ['an inherited name as type', file({ a: tensor('toString', [1], 0, 4) }, 4), 'dtype "toString" is none of'],
    ['a negative size', file({ a: tensor('F32', [-1], 0, 4) }, 4), 'shape [-1] is not a list of sizes'],
    ['a fraction', file({ a: tensor('F32', [1], 0, 4.5) }, 4), 'data_offsets [0,4.5] are not two'],
    ['three offsets', file({ a: tensor('F32', [1], 0, 4, 8) }, 4), 'are not two byte positions'],
    ['a size too great', file({ a: tensor('F32', [2 ** 40, 2 ** 40], 0, 4) }, 4), 'is no whole number of bytes'],
    ['half a byte', file({ a: tensor('F4', [3], 0, 1) }, 1), 'F4 of shape [3] is no whole number of bytes'],
    [
      'another size',
      file({ a: tensor('F32', [2], 0, 4) }, 4),
      'F32 of shape [2] has 8 bytes, data_offsets [0,4] give 4',
    ],
    [
      'a gap',
      file({ a: tensor('U8', [2], 0, 2), b: tensor('U8', [2], 3, 5) }, 5),
      '1 bytes before it belong to no tensor',
    ],
    [
      'an overlap',
      file({ a: tensor('U8', [2], 0, 2), b: tensor('U8', [2], 1, 3) }, 3),
      'overlaps the tensor before it',
    ],
    ['missing bytes', file({ a: tensor('U8', [4], 0, 4) }, 3), 'its tensors need 4 bytes, 3 are there'],
    ['bytes left over', file({ a: tensor('U8', [4], 0, 4) }, 5), '1 bytes after the last tensor belong to no tensor'],
  ]
  it.each(refused)('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message)
  })

  it('refuses to write tensors whose bytes do not fit', () => {
    const wrong: SafetensorsTensor = { type: 'F32', shape: [2], bytes: new Uint8Array(4) }
    expect(() => encodeSafetensors(new Map([['w', wrong]]))).toThrow(
      'Tensor "w": F32 of shape [2] has 8 bytes, received 4.',
    )
    expect(() => encodeSafetensors(new Map([['__metadata__', { ...wrong, shape: [1] }]]))).toThrow('keeps that name')
  })

  it('never crashes on damaged files: an error of its own, or a file', () => {
    const whole = encodeSafetensors(new Map([['w', float32Tensor(Float32Array.of(1, 2))]]), { a: 'b' })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const damaged = whole.slice(0, length)
        if (at < length) damaged[at] = byte
        try {
          readSafetensors(damaged)
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-safetensors' })
        }
      }),
    )
  })
})

describe('safetensors files', () => {
  it('are read lazily, with errors that name them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kerf-safetensors-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'w.safetensors')
    writeFileSync(path, encodeSafetensors(new Map([['w', float32Tensor(Float32Array.of(1, 2))]]), { a: 'b' }))
    const opened = openSafetensorsFile(path)
    expect(opened.metadata).toEqual({ a: 'b' })
    expect([...float32Of(opened.read('w'))]).toEqual([1, 2])
    expect(() => opened.read('v')).toThrow(`${path} has no tensor "v"; it has w. Ask for one of these.`)
    opened.close()
    writeFileSync(path, 'nonsense file')
    expect(() => openSafetensorsFile(path)).toThrow(
      /w\.safetensors: Not a valid safetensors file: .+\. Save it anew, or fetch it again\.$/,
    )
    expect(() => openSafetensorsFile(join(folder, 'none'))).toThrow('does not exist')
    expect(() => openSafetensorsFile(folder)).toThrow(`${folder} is a folder. Give the path of a file.`)
    expect(() => openSafetensorsFile(join(path, 'x'))).toThrow('a part of the path is a file. Check the path.')
  })
})

describeShared('a published network', () => {
  it('is read whole and lazily alike', () => {
    const path = sharedPath('data/adder/addernet_resnet20_mnist.safetensors')
    const whole = readSafetensors(readFileSync(path))
    const lazy = openSafetensorsFile(path)
    expect([...lazy.entries.keys()].sort()).toEqual([...whole.tensors.keys()].sort())
    // 269,824 adder weights, of which a 1-channel ResNet-20's body consists: reference/adder.md.
    const count = [...whole.tensors].reduce(
      (n, [name, t]) => n + (name.endsWith('adder') ? elementCount(t.shape)! : 0),
      0,
    )
    expect(count).toBe(269_824)
    for (const [name, { bytes }] of whole.tensors) expect(Buffer.compare(lazy.read(name).bytes, bytes)).toBe(0)
    lazy.close()
  })
})
