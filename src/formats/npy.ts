import { type ElementType, KerfError, mostAxes } from '../base/index.ts'

/*
 * NumPy's file format (numpy.lib.format): the bytes 93 N U M P Y, version, length of the header (2 bytes little-endian in version 1, 4 in
 * versions 2 and 3), the header as a Python dictionary with `descr`, `fortran_order` and `shape`, then the elements.
 */

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** NumPy's letters of element types, without the byte order. */
const elementTypes = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
} as const satisfies Record<string, ElementType>

type Letters = keyof typeof elementTypes

const arrays = {
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  b1: Uint8Array,
} as const

/** An array as NumPy has it, in C order. */
export type NpyArray = {
  readonly [L in Letters]: {
    readonly elementType: (typeof elementTypes)[L]
    readonly shape: readonly number[]
    /** Of float16 the bits. */
    readonly data: InstanceType<(typeof arrays)[L]>
  }
}[Letters]

/** What a .npy file is made of. */
interface Storable {
  readonly elementType: ElementType
  readonly shape: readonly number[]
  readonly data: ArrayBufferView
}

/**
 * One array of a .npy file, of any byte order; an array in Fortran order is transposed into C order.
 * @param name what messages call it
 * @throws KerfError `bad-npy` for what is none or is cut off, `unsupported-element-type` for texts, records, complex numbers
 */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const { header, start } = headerOf(bytes, name)
  const descr = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[))/.exec(header)
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1]
  const sizes = /['"]shape['"]\s*:\s*\(([\d,\sL]*)\)/.exec(header)?.[1]
  if (!descr || order === undefined || sizes === undefined) throw bad(name, `its header is ${JSON.stringify(header)}`)
  const [, byteOrder = '', letters = ''] = /^([<>|=]?)(.*)$/.exec(descr[1] ?? descr[2] ?? 'records') ?? []
  if (!isLetters(letters))
    throw new KerfError(
      'unsupported-element-type',
      `${name}: arrays of ${letters} are not read; numbers (f2 f4 f8 i1 … u8) and booleans are.`,
      { path: name, descr: descr[0] },
    )
  const shape = (sizes.match(/\d+/g) ?? []).map(Number)
  if (shape.length > mostAxes) throw bad(name, `it has ${shape.length} axes, where NumPy has at most ${mostAxes}`)
  const size = arrays[letters].BYTES_PER_ELEMENT
  const length = size * shape.reduce((p, d) => p * d, 1)
  if (bytes.length - start !== length)
    throw bad(name, `shape [${shape}] of ${letters} takes ${length} bytes, it has ${bytes.length - start}`)
  // A copy, so that the elements are aligned and the file's bytes can go. (Not `slice`, which of a Node Buffer is none.)
  let content = new Uint8Array(bytes.subarray(start))
  if (byteOrder === '>' && size > 1) reverseBytes(content, size)
  if (order === 'True' && shape.length > 1) content = toRowMajor(content, shape, size)
  // The array is that of the type; TypeScript does not see which.
  return { elementType: elementTypes[letters], shape, data: new arrays[letters](content.buffer) } as NpyArray
}

/**
 * The bytes of a .npy file, version 1.0, in C order, little-endian.
 * @throws KerfError `unsupported-element-type` for element types that NumPy does not have
 */
export function npyBytes({ elementType, shape, data }: Storable): Uint8Array {
  const letters = (Object.keys(elementTypes) as Letters[]).find((l) => elementTypes[l] === elementType)
  if (!letters)
    throw new KerfError('unsupported-element-type', `NumPy has no ${elementType}. Write JSON instead: -o out.json.`, {
      elementType,
    })
  const order = arrays[letters].BYTES_PER_ELEMENT === 1 ? '|' : '<'
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '${order}${letters}', 'fortran_order': False, 'shape': ${tuple}, }`
  // Spaces up to a multiple of 64, so that the elements can be mapped into memory; then a newline.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10
  const bytes = new Uint8Array(10 + length + data.byteLength)
  bytes.set([...magic, 1, 0, length & 255, length >> 8])
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10)
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length)
  return bytes
}

const isLetters = (text: string): text is Letters => Object.hasOwn(elementTypes, text)

const bad = (name: string, why: string): KerfError =>
  new KerfError('bad-npy', `${name} is no whole .npy file: ${why}. Write it with numpy.save.`, { path: name, why })

function headerOf(bytes: Uint8Array, name: string): { header: string; start: number } {
  if (bytes.length < 12 || !magic.every((b, i) => bytes[i] === b)) throw bad(name, 'it does not begin as one')
  const version = bytes[6]!
  if (version < 1 || version > 3) throw bad(name, `version ${version} is not known`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const from = version === 1 ? 10 : 12
  const start = from + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true))
  if (start > bytes.length) throw bad(name, 'it ends within its header')
  return { header: new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(from, start)), start }
}

function reverseBytes(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse()
}

/** From column-major order: the last axis is then the one that steps furthest. */
function toRowMajor(bytes: Uint8Array, shape: readonly number[], size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length)
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((p, d) => p * d, 1))
  const index = shape.map(() => 0)
  for (let to = 0; to < bytes.length; to += size) {
    const from = size * index.reduce((sum, at, axis) => sum + at * strides[axis]!, 0)
    out.set(bytes.subarray(from, from + size), to)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1
      if (index[axis]! < shape[axis]!) break
      index[axis] = 0
    }
  }
  return out
}
