import { type Bounded, boundedBy, KerfError } from '../base/index.ts'
import { type Graph, type Model, validated } from '../graph/index.ts'
import { type Bytes, type BytesLater, bytesFrom, bytesOf, isLater, nameOf } from './bytes.ts'
import { WireError } from './cursor.ts'
import { foreignFormat } from './foreign.ts'
import { Kept } from './kept.ts'
import { create, decode, remainder } from './message.ts'
import { readFunction, readGraph, readInteger, readOpsets } from './read-graph.ts'
import type { TensorContext } from './read-tensor.ts'
import type { Message } from './schema.ts'
import { type Skeleton, skeletonOf } from './skeleton.ts'
import { type ByteSource, memorySource } from './source.ts'

/** What else is said of a file that is read. */
export interface ReadOptions extends Bounded {
  /**
   * Finds a file that holds external data, by its path relative to the model's folder (`/` between folders, never leading out of it).
   * Called when the model is read; the file itself need not exist until a weight's bytes are asked for.
   */
  readonly external?: (location: string) => ByteSource
  /** How messages call the model; by default the source's own name. */
  readonly name?: string
}

/** Training graphs, which the IR does not know: kept for the writer, their weights as lazy as all others. */
export interface KeptTraining {
  readonly initialization: Graph | undefined
  readonly algorithm: Graph | undefined
  readonly rest: Message<'TrainingInfoProto'> | undefined
}

export interface KeptModel {
  readonly training: readonly KeptTraining[]
  /** What lazy weights are read from: the model itself and its external files. */
  readonly sources: readonly ByteSource[]
}

/**
 * Reads an ONNX model (IR version 1 to 13, of any size). Weights stay where they are until somebody asks for their bytes.
 *
 *     const model = readModel(bytes)                                // Uint8Array, any other view, ArrayBuffer
 *     const model = await readModel(await fetch('model.onnx'))      // Response, Blob, File
 *
 * @param source bytes, which must stay as they are for as long as the model is used; a source of them; or what gives them later: then a promise is returned
 * @throws KerfError `not-onnx` (something else, or empty), `truncated` (cut short), `damaged` (nonsense inside), `unsupported-element-type`,
 *   `wrong-shape`, `wrong-length` (a tensor's data do not fit its shape), `path-escape` (external data outside the model's folder),
 *   `invalid-graph` (cyclic, dangling, duplicate), `not-found` (a Response with another status than OK), `bad-options` (no bytes at all), `out-of-memory`
 */
export function readModel(source: BytesLater, options?: ReadOptions): Promise<Model>
export function readModel(source: ByteSource | Bytes, options?: ReadOptions): Model
export function readModel(source: ByteSource | Bytes | BytesLater, options: ReadOptions = {}): Model | Promise<Model> {
  return boundedBy(options, () => {
    if (!isLater(source))
      return readFrom('read' in source ? source : memorySource(bytesOf(source), options.name), options)
    const name = options.name ?? nameOf(source)
    return bytesFrom(source, name).then((bytes) => readFrom(memorySource(bytes, name), options))
  })
}

function readFrom(from: ByteSource, options: ReadOptions): Model {
  const name = options.name ?? from.name
  const { bytes, payloads } = readSkeleton(from, name)
  const proto = decode('ModelProto', bytes)
  const sources = new Map<string, ByteSource>()
  const { external } = options
  const context: TensorContext = {
    source: from,
    payloads,
    external:
      external &&
      ((location) => {
        const known = sources.get(location) ?? external(location)
        sources.set(location, known)
        return known
      }),
  }
  return validated(modelOf(proto, context, name, () => [from, ...sources.values()]))
}

function modelOf(
  proto: Message<'ModelProto'>,
  context: TensorContext,
  name: string,
  sources: () => readonly ByteSource[],
): Model {
  if (!proto.graph) throw truncated(name, 'it has no graph')
  const irVersion = Number(proto.irVersion ?? 0n)
  // The graph comes before the operator sets in a file; models of IR version 1 and 2 have none.
  if (proto.opsetImport.length === 0 && irVersion >= 3) throw truncated(name, 'it names no operator set')
  const model: Model = {
    irVersion,
    opsetImports: readOpsets(proto.opsetImport),
    producerName: proto.producerName || undefined,
    producerVersion: proto.producerVersion || undefined,
    domain: proto.domain || undefined,
    modelVersion: proto.modelVersion ? readInteger(proto.modelVersion) : undefined,
    docString: proto.docString || undefined,
    graph: readGraph(proto.graph, context),
    functions: proto.functions.map((f) => readFunction(f, context)),
    metadata: new Map(proto.metadataProps.map((p) => [p.key ?? '', p.value ?? ''])),
  }
  const training = proto.trainingInfo.map((t) => ({
    initialization: t.initialization && readGraph(t.initialization, context),
    algorithm: t.algorithm && readGraph(t.algorithm, context),
    rest: remainder(t, ['initialization', 'algorithm']),
  }))
  const kept: KeptModel = { training, sources: sources() }
  return { ...model, preserved: new Kept(create('ModelProto', { $unknown: proto.$unknown }), kept) }
}

function readSkeleton(source: ByteSource, name: string): Skeleton {
  if (source.size === 0) throw new KerfError('not-onnx', `${name} is empty. Export or copy the model again.`)
  const head = source.read(0, Math.min(16, source.size))
  const seen = new Set<number>()
  const irVersionFirst = head[0] === 0x08
  try {
    const skeleton = skeletonOf(source, 'ModelProto', (field) => seen.add(field))
    if (seen.has(graphField)) return skeleton
    throw irVersionFirst ? truncated(name, 'it has no graph') : notOnnx(name, head)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    if (error.kind === 'overrun' && (irVersionFirst || seen.has(graphField)))
      throw truncated(name, `at byte ${error.position}, ${error.message}`)
    if (!seen.has(graphField)) throw notOnnx(name, head)
    throw damaged(name, `at byte ${error.position}, ${error.message}`)
  }
}

/** ModelProto.graph */
const graphField = 7

const truncated = (name: string, how: string): KerfError =>
  new KerfError('truncated', `${name} is not complete: ${how}. The file was cut short; copy or export it again.`)

const damaged = (name: string, how: string): KerfError =>
  new KerfError('damaged', `${name} is damaged: ${how}. Copy or export it again.`)

const notOnnx = (name: string, head: Uint8Array): KerfError => {
  const format = foreignFormat(head)
  return new KerfError(
    'not-onnx',
    `${name} is not an ONNX model${format ? `: it looks like ${format.is}` : ''}. ${format?.remedy ?? 'Give an .onnx file.'}`,
  )
}
