import { type ElementType, elementCount, KerfError } from '../base/index.ts'
import {
  bitsOf,
  elementTypeOf,
  headerLength,
  parseSafetensorsHeader,
  type SafetensorsHeader,
  type SafetensorsType,
} from './safetensors-header.ts'

/** A tensor of a safetensors file. */
export interface SafetensorsTensor {
  /** Of its elements, by safetensors' name. */
  readonly type: SafetensorsType
  /** Sizes of its axes. */
  readonly shape: readonly number[]
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array
}

/** What a safetensors file holds (https://github.com/huggingface/safetensors). */
export interface Safetensors {
  /** Texts by name; empty where there are none. */
  readonly metadata: Readonly<Record<string, string>>
  /** By name; views of the file's bytes. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>
}

/**
 * Reads a whole file from memory. Nothing is copied: the tensors are views of `bytes`.
 * @param bytes the whole file
 * @throws KerfError `bad-safetensors`
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const length = headerLength(bytes.subarray(0, 8), bytes.length)
  const { metadata, entries } = parseSafetensorsHeader(bytes.subarray(8, 8 + length), bytes.length)
  return {
    metadata,
    tensors: new Map(
      [...entries.values()].map(({ name, type, shape, start, end }) => [
        name,
        { type, shape, bytes: bytes.subarray(start, end) },
      ]),
    ),
  }
}

/** A tensor of a file as networks take weights. */
export interface SafetensorsWeight {
  /** Undefined for types that ONNX has not. */
  readonly elementType: ElementType | undefined
  /** Sizes of its axes. */
  readonly shape: readonly number[]
  /** Row-major, little-endian; read when asked for. */
  bytes(): Uint8Array
}

/** A file that reads its tensors when asked for. */
export interface OpenSafetensors extends SafetensorsHeader {
  /**
   * Reads one tensor.
   * @param name one of `entries`
   */
  read(name: string): SafetensorsTensor
}

/** What weights can be taken from: a file in memory, or one that is open. */
export type WeightSource = Safetensors | OpenSafetensors

/** The tensors of a file by name, as `importNet` takes them. */
export function weightsOf(source: WeightSource): Map<string, SafetensorsWeight> {
  const described = 'read' in source ? source.entries : source.tensors
  return new Map(
    [...described].map(([name, { type, shape }]) => [
      name,
      {
        elementType: elementTypeOf(type),
        shape,
        bytes: () => ('read' in source ? source.read(name) : source.tensors.get(name)!).bytes,
      },
    ]),
  )
}

/**
 * The file in pieces, in order: the header, then each tensor's bytes (not copied). Wide elements come first and the header is padded to
 * 8 bytes, so that every tensor is aligned to its elements; within a width, by name: equal content gives equal files.
 * @throws KerfError `bad-tensor` when bytes and shape disagree, or a name is `__metadata__`
 */
export function safetensorsChunks(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const ordered = [...tensors].sort(([a, x], [b, y]) => bitsOf(y.type) - bitsOf(x.type) || (a < b ? -1 : Number(a > b)))
  const header: [string, unknown][] = []
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', metadata])
  let at = 0
  for (const [name, { type, shape, bytes }] of ordered) {
    checkTensor(name, type, shape, bytes)
    header.push([name, { dtype: type, shape, data_offsets: [at, at + bytes.length] }])
    at += bytes.length
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const start = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true)
  start.set(json, 8)
  return [start, ...ordered.map(([, tensor]) => tensor.bytes)]
}

function checkTensor(name: string, type: SafetensorsType, shape: readonly number[], bytes: Uint8Array): void {
  const expected = (elementCount(shape)! * bitsOf(type)) / 8
  if (name === '__metadata__' || expected !== bytes.length)
    throw new KerfError(
      'bad-tensor',
      name === '__metadata__'
        ? 'A tensor cannot be called __metadata__: safetensors keeps that name for itself. Rename it.'
        : `Tensor "${name}": ${type} of shape [${shape}] has ${expected} bytes, received ${bytes.length}.`,
      { tensor: name, expected, received: bytes.length },
    )
}

/**
 * The whole file; see `safetensorsChunks`.
 * @param tensors by name
 * @param metadata texts by name; none by default
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const chunks = safetensorsChunks(tensors, metadata)
  const file = new Uint8Array(chunks.reduce((sum, c) => sum + c.length, 0))
  let at = 0
  for (const chunk of chunks) {
    file.set(chunk, at)
    at += chunk.length
  }
  return file
}

const bytesOf = (array: Float32Array | Float64Array | Uint8Array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

/**
 * A tensor over an array's own bytes; a list by default. Typed arrays are little-endian on every machine Kerf runs on.
 * @param values as many as the shape holds
 * @param shape sizes of its axes
 */
export const float32Tensor = (values: Float32Array, shape: readonly number[] = [values.length]): SafetensorsTensor => ({
  type: 'F32',
  shape,
  bytes: bytesOf(values),
})

export const float64Tensor = (values: Float64Array, shape: readonly number[] = [values.length]): SafetensorsTensor => ({
  type: 'F64',
  shape,
  bytes: bytesOf(values),
})

export const uint8Tensor = (values: Uint8Array, shape: readonly number[] = [values.length]): SafetensorsTensor => ({
  type: 'U8',
  shape,
  bytes: bytesOf(values),
})

function checkType(tensor: SafetensorsTensor, type: SafetensorsType): Uint8Array {
  const { bytes } = tensor
  if (tensor.type !== type)
    throw new KerfError('bad-tensor', `Expected a tensor of ${type} elements, received ${tensor.type}.`, {
      expected: type,
      received: tensor.type,
    })
  // Files that others wrote need not be aligned. (Not `slice`, which of a Node Buffer is no copy.)
  return bytes.byteOffset % (bitsOf(type) / 8) === 0 ? bytes : new Uint8Array(bytes)
}

/** The elements of an F32 tensor: a view where its bytes are aligned, else a copy. @throws KerfError `bad-tensor` for other types */
export function float32Of(tensor: SafetensorsTensor): Float32Array {
  const bytes = checkType(tensor, 'F32')
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}

/** The elements of an F64 tensor; see `float32Of`. */
export function float64Of(tensor: SafetensorsTensor): Float64Array {
  const bytes = checkType(tensor, 'F64')
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
}
