import { type ElementType, elementCount, KerfError, parseJson } from '../base/index.ts'

/*
 * A safetensors file is a 64-bit little-endian length, that many bytes of JSON, and the tensors' bytes (little-endian, row-major), which
 * cover the rest of the file without a gap or an overlap.
 * Source: https://github.com/huggingface/safetensors, README "Format" and safetensors 0.6 (`tensor.rs`), whose checks these are.
 */

/** Bits of one element. */
const bits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const

/** The element types of safetensors: `F32`, `BF16`, `I64` … */
export type SafetensorsType = keyof typeof bits
export const safetensorsTypes = Object.keys(bits) as SafetensorsType[]

const elementTypes: Partial<Record<SafetensorsType, ElementType>> = {
  BOOL: 'bool',
  F4: 'float4e2m1',
  U8: 'uint8',
  I8: 'int8',
  F8_E5M2: 'float8e5m2',
  F8_E4M3: 'float8e4m3fn',
  F8_E8M0: 'float8e8m0',
  I16: 'int16',
  U16: 'uint16',
  F16: 'float16',
  BF16: 'bfloat16',
  I32: 'int32',
  U32: 'uint32',
  F32: 'float32',
  C64: 'complex64',
  F64: 'float64',
  I64: 'int64',
  U64: 'uint64',
}

/** Kerf's name of a type; undefined for the six-bit floats, which ONNX has not. */
export const elementTypeOf = (type: SafetensorsType): ElementType | undefined => elementTypes[type]

export const bitsOf = (type: SafetensorsType): number => bits[type]

/** Longest header that is read, in bytes: the reference implementation's limit. */
export const safetensorsHeaderLimit = 100_000_000

/** Where a tensor lies in a file. */
export interface SafetensorsEntry {
  /** The tensor's. */
  readonly name: string
  /** Of its elements. */
  readonly type: SafetensorsType
  /** Sizes of its axes. */
  readonly shape: readonly number[]
  /** First byte, counted from the start of the file. */
  readonly start: number
  /** One past the last byte. */
  readonly end: number
}

/** What a file says of its tensors. */
export interface SafetensorsHeader {
  /** Texts by name; empty where there are none. */
  readonly metadata: Readonly<Record<string, string>>
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>
}

export const broken = (problem: string, details: Record<string, unknown> = {}): KerfError =>
  new KerfError('bad-safetensors', `Not a valid safetensors file: ${problem}. Save it anew, or fetch it again.`, {
    problem,
    ...details,
  })

/**
 * The length of the JSON header, from the file's first 8 bytes.
 * @throws KerfError `bad-safetensors`
 */
export function headerLength(start: Uint8Array, fileBytes: number): number {
  if (start.length < 8) throw broken(`${fileBytes} bytes are too few for the length of a header`)
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(safetensorsHeaderLimit))
    throw broken(`its first 8 bytes announce a header of ${length} bytes; at most ${safetensorsHeaderLimit} are read`)
  if (length > BigInt(fileBytes - 8))
    throw broken(`the header should have ${length} bytes, ${fileBytes - 8} follow: the file is cut off`)
  return Number(length)
}

/**
 * Checks a header.
 * @param json the header's bytes, without the 8 bytes of its length
 * @param fileBytes size of the whole file
 * @throws KerfError `bad-safetensors`: not JSON, names twice, unknown types, sizes that are wrong, gaps, overlaps, bytes missing or left over
 */
export function parseSafetensorsHeader(json: Uint8Array, fileBytes: number): SafetensorsHeader {
  if (json[0] !== 0x7b) throw broken('its header does not start with "{"')
  const root = parseObject(json)
  const dataStart = 8 + json.length
  const entries: SafetensorsEntry[] = []
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(root))
    if (name === '__metadata__') metadata = checkMetadata(value)
    else entries.push(checkEntry(name, value, dataStart))
  entries.sort((a, b) => a.start - b.start || a.end - b.end)
  let at = dataStart
  for (const { name, start, end } of entries) {
    const where = `tensor "${name}" begins at byte ${start - dataStart} of the data`
    if (start > at) throw broken(`${where}, ${start - at} bytes before it belong to no tensor`, { tensor: name })
    if (start < at)
      throw broken(`${where} and overlaps the tensor before it, which ends at ${at - dataStart}`, { tensor: name })
    at = end
  }
  if (at !== fileBytes)
    throw broken(
      at > fileBytes
        ? `its tensors need ${at - dataStart} bytes, ${fileBytes - dataStart} are there: the file is cut off`
        : `${fileBytes - at} bytes after the last tensor belong to no tensor`,
    )
  return { metadata, entries: new Map(entries.map((e) => [e.name, e])) }
}

function parseObject(json: Uint8Array): Record<string, unknown> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(json)
  } catch {
    throw broken('its header is not UTF-8')
  }
  let root: unknown
  try {
    root = parseJson(text)
  } catch (error) {
    throw broken(`its header is not JSON (${(error as Error).message})`)
  }
  const twice = nameTwice(text)
  if (twice !== undefined) throw broken(`its header has the name "${twice}" twice`, { tensor: twice })
  return root as Record<string, unknown>
}

/** JSON.parse keeps the last of two equal names and says nothing. The text is valid JSON, an object. */
function nameTwice(text: string): string | undefined {
  const seen = new Set<string>()
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/gs)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && token.endsWith(':')) {
      const name = JSON.parse(token.slice(0, -1)) as string
      if (seen.has(name)) return name
      seen.add(name)
    }
  }
  return undefined
}

function checkMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((v) => typeof v === 'string'))
    throw broken('its __metadata__ is not an object of texts')
  return value as Record<string, string>
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize)

function checkEntry(name: string, value: unknown, dataStart: number): SafetensorsEntry {
  const wrong = (problem: string) => broken(`tensor "${name}": ${problem}`, { tensor: name })
  if (!isObject(value)) throw wrong('not an object with dtype, shape and data_offsets')
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string' || !Object.hasOwn(bits, dtype))
    throw wrong(`dtype ${JSON.stringify(dtype)} is none of ${safetensorsTypes.join(', ')}`)
  if (!isSizes(shape)) throw wrong(`shape ${JSON.stringify(shape)} is not a list of sizes`)
  if (!isSizes(offsets) || offsets.length !== 2)
    throw wrong(`data_offsets ${JSON.stringify(offsets)} are not two byte positions`)
  const [start, end] = offsets as [number, number]
  const type = dtype as SafetensorsType
  const expected = elementCount(shape)! * bits[type]
  if (!Number.isSafeInteger(expected) || expected % 8 !== 0)
    throw wrong(`${dtype} of shape [${shape}] is no whole number of bytes`)
  if (end - start !== expected / 8)
    throw wrong(`${dtype} of shape [${shape}] has ${expected / 8} bytes, data_offsets [${offsets}] give ${end - start}`)
  return { name, type, shape, start: dataStart + start, end: dataStart + end }
}
