// Changes to ONNX models by the fields of the schema, whatever message they are in; and models without a part of theirs.

import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf'
import {
  AttributeProto_AttributeType as A,
  AttributeProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
} from 'onnx-buf'
import type { Random } from '../src/base/index.ts'
import { operatorList } from '../src/ops/index.ts'
import { chance, integers, pick, reals, times, words } from './mutate.ts'

type Fields = Message & Record<string, unknown>
type Choice = { case?: string; value?: unknown }

const get = (message: Fields, field: DescField): unknown => {
  if (!field.oneof) return message[field.localName]
  const choice = message[field.oneof.localName] as Choice
  return choice.case === field.localName ? choice.value : undefined
}

function set(message: Fields, field: DescField, value: unknown): void {
  if (!field.oneof) message[field.localName] = value
  else message[field.oneof.localName] = value === undefined ? { case: undefined } : { case: field.localName, value }
}

/** All messages of a tree, each before those within it. */
function* messagesIn(message: Fields, schema: DescMessage): Generator<{ message: Fields; schema: DescMessage }> {
  yield { message, schema }
  for (const field of schema.fields) {
    const inner = field.message
    if (!inner) continue
    const value = get(message, field)
    for (const each of Array.isArray(value) ? value : [value]) if (each) yield* messagesIn(each as Fields, inner)
  }
}

export const messagesOf = (model: ModelProto) => [...messagesIn(model as unknown as Fields, ModelProtoSchema)]

/** What values are drawn from: the texts and messages of the model itself, so that references mostly lead somewhere. */
interface Pool {
  readonly texts: readonly string[]
  readonly messages: ReadonlyMap<string, readonly Fields[]>
}

function poolOf(model: ModelProto): Pool {
  const texts = new Set<string>()
  const messages = new Map<string, Fields[]>()
  for (const { message, schema } of messagesOf(model)) {
    messages.set(schema.typeName, [...(messages.get(schema.typeName) ?? []), message])
    for (const value of Object.values(message))
      for (const text of Array.isArray(value) ? value : [value]) if (typeof text === 'string') texts.add(text)
  }
  return { texts: [...texts], messages }
}

function scalar(type: ScalarType, old: unknown, random: Random, pool: Pool): unknown {
  if (type === ScalarType.STRING)
    return pick(random, chance(random, 0.8) ? pool.texts : [...words, pick(random, operatorList).name])
  if (type === ScalarType.BYTES) {
    const bytes = old instanceof Uint8Array ? old : new Uint8Array(4)
    const changed = bytes.map((b) => (chance(random, 0.2) ? pick(random, [0, 0x7f, 0x80, 0xff]) : b))
    return pick(random, [changed, bytes.slice(1), new Uint8Array(0), Uint8Array.of(...bytes.slice(0, 64), 0, 0, 0, 0)])
  }
  if (type === ScalarType.FLOAT || type === ScalarType.DOUBLE) return Math.fround(pick(random, reals))
  const near = [1, -1, 2].map((step) => Number(old ?? 0) + step)
  const value = pick(random, chance(random, 0.5) ? near : integers)
  if (type === ScalarType.INT64) return BigInt.asIntN(64, BigInt(Math.trunc(value)))
  if (type === ScalarType.UINT64) return BigInt.asUintN(64, BigInt(Math.trunc(value)))
  return value | 0
}

function fresh(field: DescField, random: Random, pool: Pool, old?: unknown): unknown {
  if (field.message) {
    const same = pool.messages.get(field.message.typeName)
    // A copy by its bytes: `clone` refuses numbers that are none of an enum's.
    return same ? fromBinary(field.message, toBinary(field.message, pick(random, same))) : create(field.message)
  }
  if (field.enum) return pick(random, [...field.enum.values.map((v) => v.number), 99])
  return scalar(field.scalar ?? ScalarType.STRING, old, random, pool)
}

function mutateField(message: Fields, field: DescField, random: Random, pool: Pool): void {
  const old = get(message, field)
  if (field.fieldKind !== 'list') {
    set(message, field, old !== undefined && chance(random, 0.2) ? undefined : fresh(field, random, pool, old))
    // Absent scalars outside a choice are theirs that the schema gives by default.
    if (get(message, field) === undefined && !field.oneof) delete message[field.localName]
    return
  }
  const list = old as unknown[]
  const at = random.below(Math.max(1, list.length))
  const kind = random.below(list.length > 0 ? 8 : 1)
  if (kind <= 1) list.splice(at, 0, fresh(field, random, pool, list[at]))
  else if (kind <= 4) list[at] = field.message ? list[at] : fresh(field, random, pool, list[at])
  else if (kind === 5) list.splice(at, 1)
  else if (kind === 6) list.push(list.splice(at, 1)[0])
  else list.splice(0, list.length, ...(chance(random, 0.5) ? [] : [...list, ...list].slice(0, 200)))
}

/** What attributes are called and hold, so that operators look at them. */
const attributes: readonly (readonly [string, readonly (number | readonly number[] | string)[]])[] = [
  ['kernel_shape', [[1], [3], [1, 1], [3, 3], [0, 0], [3, 3, 3], [2 ** 31, 1]]],
  ['strides', [[1], [2], [2, 2], [0, 0], [-1, -1], [2 ** 40, 1]]],
  ['dilations', [[2], [2, 2], [0, 1], [2 ** 33, 2 ** 33]]],
  [
    'pads',
    [
      [1, 1],
      [1, 1, 1, 1],
      [-1, -1, -1, -1],
      [0, 1, 2, 3],
      [2 ** 31, 0, 0, 0],
      [1, 0, 0, 0, 1, 0, 0, 0],
    ],
  ],
  [
    'output_shape',
    [
      [4, 4],
      [0, 0],
      [2 ** 31, 2 ** 31],
    ],
  ],
  [
    'output_padding',
    [
      [1, 1],
      [-3, 9],
    ],
  ],
  ['auto_pad', ['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET', 'x']],
  ['group', [0, 1, 2, 3, -1, 2 ** 31, 2 ** 53]],
  ['axis', [0, 1, -1, 2, 5, -9, 2 ** 40]],
  ['axes', [[0], [1, 1], [2, 3], [-1], [], [9]]],
  [
    'perm',
    [
      [0, 1],
      [1, 0, 2, 3],
      [0, 0, 1, 1],
      [3, 2, 1, 0],
    ],
  ],
  ['keepdims', [0, 1, 2]],
  ['ceil_mode', [0, 1]],
  ['count_include_pad', [0, 1]],
  ['blocksize', [1, 2, 0, -2, 2 ** 31]],
  ['mode', ['nearest', 'linear', 'cubic', 'reflect', 'edge', 'wrap', 'CRD', 'DCR', 'x']],
  ['num_groups', [0, 1, 2, 3]],
  ['num_outputs', [0, 1, 2, 2 ** 40]],
  ['hidden_size', [0, 1, 3, 2 ** 31]],
  ['to', [0, 1, 2, 7, 9, 10, 11, 16, 17, 99]],
  ['transB', [0, 1, 2]],
  ['size', [0, 1, 3, -1]],
  ['equation', ['ij,jk->ik', 'ii', '...', 'a->aa', 'ijk->']],
  [
    'block_shape',
    [
      [0, 0],
      [2, 2],
    ],
  ],
  ['direction', ['forward', 'reverse', 'bidirectional', 'RIGHT', 'x']],
]

function attribute(random: Random) {
  const [name, values] = pick(random, attributes)
  const value = pick(random, values)
  const rest =
    typeof value === 'number'
      ? { type: A.INT, i: BigInt(value) }
      : typeof value === 'string'
        ? { type: A.STRING, s: new TextEncoder().encode(value) }
        : { type: A.INTS, ints: value.map(BigInt) }
  return create(AttributeProtoSchema, { name, ...rest })
}

/** Changes that keep more of a model's sense than those of single fields do: the network then gets further. */
function mutateSense(model: ModelProto, random: Random, { texts }: Pool): void {
  const graph = pick(
    random,
    messagesOf(model).filter(({ schema }) => schema.typeName === 'onnx.GraphProto'),
  )?.message as unknown as ModelProto['graph']
  if (!graph) return
  const node = pick(random, graph.node)
  const kind = random.below(7)
  if (kind === 0 && node) node.opType = pick(random, operatorList).name
  else if (kind === 1 && node) node.input[random.below(node.input.length + 1)] = pick(random, texts)
  else if (kind === 2 && node) {
    const made = attribute(random)
    node.attribute = [...node.attribute.filter(({ name }) => name !== made.name), made]
  } else if (kind === 3 && graph.initializer.length > 0) {
    // Another shape, and as many elements as it takes.
    const tensor = pick(random, graph.initializer)
    const at = random.below(tensor.dims.length + 1)
    const dims = tensor.dims.map(Number)
    dims.splice(at, chance(random, 0.7) ? 1 : 0, pick(random, [0, 1, 2, 3, 4, 5, 8]))
    const count = dims.reduce((p, d) => p * d, 1)
    const perElement = tensor.rawData.length / Math.max(1, Number(tensor.dims.reduce((p, d) => p * d, 1n)))
    if (count > 1e5 || perElement !== Math.round(perElement) || perElement === 0) return
    tensor.dims = dims.map(BigInt)
    tensor.rawData = Uint8Array.from(
      { length: count * perElement },
      (_, i) => tensor.rawData[i % tensor.rawData.length] ?? 0,
    )
  } else if (kind === 4) {
    const type = pick(random, graph.input)?.type?.value
    if (type?.case !== 'tensorType' || !type.value.shape) return
    const dim = pick(random, type.value.shape.dim)
    if (dim) dim.value = { case: 'dimValue', value: BigInt(pick(random, [0, 1, 2, 3, 5, 7, 16, 33, 2 ** 31, 2 ** 53])) }
  } else if (kind === 5) {
    // Another node on an edge.
    const name = pick(random, texts)
    const reader = pick(
      random,
      graph.node.filter(({ input }) => input.includes(name)),
    )
    if (!reader) return
    const made = `${name}_between`
    const more = times(random.below(3), () => pick(random, texts))
    const added = create(NodeProtoSchema, {
      opType: pick(random, operatorList).name,
      input: [name, ...more],
      output: [made],
    })
    if (chance(random, 0.6)) added.attribute = [attribute(random)]
    graph.node.splice(graph.node.indexOf(reader), 0, added)
    reader.input = reader.input.map((input) => (input === name ? made : input))
  } else {
    const opset = pick(random, model.opsetImport)
    if (opset)
      opset.version = BigInt(pick(random, [1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 19, 20, 21, 22, 25, 99]))
  }
}

/** Changes a model in one place to five. */
export function mutateModel(model: ModelProto, random: Random): void {
  for (let n = 1 + random.below(5); n > 0; n--) {
    const pool = poolOf(model)
    if (chance(random, 0.5)) {
      mutateSense(model, random, pool)
      continue
    }
    // A kind of message first: dimensions are many, and nodes few.
    const type = pick(random, [...pool.messages.keys()])
    const all = messagesOf(model).filter(({ schema }) => schema.typeName === type)
    const { message, schema } = pick(random, all)
    const there = schema.fields.filter((field) => {
      const value = get(message, field)
      return Array.isArray(value) ? value.length > 0 : value !== undefined
    })
    mutateField(message, pick(random, there.length > 0 && chance(random, 0.85) ? there : schema.fields), random, pool)
  }
}

/** What takes a part out of a model, larger parts first. */
function cuts(model: ModelProto): (() => void)[] {
  const all: (() => void)[] = []
  for (const { message, schema } of messagesOf(model))
    for (const field of schema.fields) {
      const value = get(message, field)
      if (Array.isArray(value)) {
        if (value.length > 3) {
          const half = value.length >> 1
          all.push(
            () => value.splice(0, half),
            () => value.splice(half),
          )
        }
        all.push(...value.map((_, i) => () => void value.splice(i, 1)))
      } else if (field.oneof && value !== undefined) all.push(() => set(message, field, undefined))
      else if (value instanceof Uint8Array && value.length > 0) {
        all.push(() => set(message, field, value.slice(0, value.length >> 1)))
      } else if (field.message ? value !== undefined : Object.hasOwn(message, field.localName) && Boolean(value))
        all.push(() => delete message[field.localName])
    }
  return all
}

export const parse = (bytes: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, bytes)

/** Models without one of their parts. Bytes that are no model give none. */
export function* smallerModels(bytes: Uint8Array): Generator<Uint8Array> {
  try {
    parse(bytes)
  } catch {
    return
  }
  for (let i = 0, count = cuts(parse(bytes)).length; i < count; i++) {
    const model = parse(bytes)
    cuts(model)[i]!()
    yield toBinary(ModelProtoSchema, model)
  }
}
