import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as Ort from 'onnxruntime-node'
import {
  type ElementType,
  elementCount,
  float16ToNumber,
  isConcrete,
  KerfError,
  numberToFloat16,
  seededRandom,
  seedFrom,
} from '../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../graph/index.ts'

/*
 * ONNX Runtime as a second judge: does the cut network give what the masked one gives? Users add it when they want it (an optional peer); without it
 * Kerf's own runtime decides alone.
 */

export type OrtModule = typeof Ort

/** onnxruntime-node, or undefined where it is not installed or does not fit this machine. */
export async function loadOrt(): Promise<OrtModule | undefined> {
  try {
    return await import('onnxruntime-node')
  } catch {
    return undefined
  }
}

/** One input of a network, filled with seeded random numbers. */
export interface Feed {
  readonly name: string
  readonly elementType: ElementType
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** Elements of an input with which networks are still run: more take minutes and gigabytes, and prove no more. */
const largestInput = 2 ** 27

/** Standard normal numbers for floating inputs, 0 and 1 for the others: valid for images and for masks. */
export function randomFeeds(
  model: Model,
  inputs: ReadonlyMap<string, readonly number[]> | undefined,
  seed: number,
): Feed[] {
  const { inputShapes } = bindInputs(model.graph, inputs)
  return graphInputs(model.graph).map((input) => {
    const shape = inputShapes?.get(input.name)
    if (input.type?.kind !== 'tensor' || !isConcrete(shape))
      throw new KerfError(
        'unsupported-input',
        `Input "${input.name}" is not a tensor of known shape, so the network cannot be run.`,
      )
    const count = elementCount(shape)!
    if (count > largestInput)
      throw new KerfError(
        'too-large',
        `Input "${input.name}" [${shape.join(',')}] has ${count.toLocaleString('en')} elements, too many to run the network for a check. Give a smaller shape with --input.`,
        { input: input.name, shape },
      )
    const random = seededRandom(seedFrom(seed, input.name))
    const floating = ['float32', 'float64', 'float16'].includes(input.type.elementType)
    const values = Float64Array.from({ length: count }, () => (floating ? random.normal() : random.below(2)))
    return { name: input.name, elementType: input.type.elementType, shape, values }
  })
}

function ortTensor(ort: OrtModule, feed: Feed): Ort.Tensor {
  switch (feed.elementType) {
    case 'float32':
      return new ort.Tensor('float32', Float32Array.from(feed.values), feed.shape)
    case 'float16':
      return new ort.Tensor('float16', Uint16Array.from(feed.values, numberToFloat16), feed.shape)
    case 'float64':
      return new ort.Tensor('float64', feed.values, feed.shape)
    case 'int64':
      return new ort.Tensor('int64', BigInt64Array.from(feed.values, BigInt), feed.shape)
    case 'int32':
      return new ort.Tensor('int32', Int32Array.from(feed.values), feed.shape)
    case 'uint8':
      return new ort.Tensor('uint8', Uint8Array.from(feed.values), feed.shape)
    case 'bool':
      return new ort.Tensor('bool', Uint8Array.from(feed.values), feed.shape)
    default:
      throw new KerfError(
        'unsupported-input',
        `Input "${feed.name}" is ${feed.elementType}; networks are run with float16, float32, float64, int32, int64, uint8 and bool inputs.`,
      )
  }
}

/** Half precision comes as bits in engines that have no array for it. */
const numbersOf = ({ type, data }: Ort.Tensor): Float64Array =>
  type === 'float16' && data instanceof Uint16Array
    ? Float64Array.from(data, float16ToNumber)
    : Float64Array.from(data as ArrayLike<number>, Number)

export type Outputs = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float64Array }>

/** A loaded network that can be run again and again. */
export interface Session {
  run(): Promise<Outputs>
  release(): Promise<void>
}

/** What ONNX Runtime says, on one line and without the paths of temporary files, which mean nothing to the user. */
const refusal = (doing: string, error: unknown): KerfError => {
  const text = String(error)
    .replace(/^Error: /, '')
    .replace(/^Load model from \S+ failed:\s*/, '')
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
  const said = text.length > 300 ? `${text.slice(0, 300)} …` : text.replace(/[.\s]+$/, '')
  return new KerfError('runtime-refused', `ONNX Runtime cannot ${doing}: ${said}.`)
}

/** @throws KerfError `runtime-refused` when ONNX Runtime does not load the file, also from `run` when it cannot run it */
export async function openSession(
  ort: OrtModule,
  path: string,
  feeds: readonly Feed[],
  threads: number,
): Promise<Session> {
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  }
  const session = await ort.InferenceSession.create(path, options).catch((error: unknown) => {
    throw refusal('load the network', error)
  })
  const tensors = Object.fromEntries(feeds.map((f) => [f.name, ortTensor(ort, f)]))
  return {
    async run() {
      const outputs = await session.run(tensors).catch((error: unknown) => {
        throw refusal('run the network', error)
      })
      return new Map(
        Object.entries(outputs).flatMap(([name, t]) =>
          t.type === 'string' ? [] : [[name, { shape: t.dims, values: numbersOf(t) }] as const],
        ),
      )
    },
    release: () => session.release(),
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A folder for models that are only run, removed at the end whatever happens. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-'))
  const cleanUp = () => rmSync(folder, { recursive: true, force: true })
  // Without these, Ctrl-C would leave both networks behind.
  const onSignal = (signal: NodeJS.Signals) => {
    cleanUp()
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of signals) process.once(signal, onSignal)
  try {
    return await work(folder)
  } catch (error) {
    if (!(error instanceof KerfError) || error.code !== 'disk-full') throw error
    throw new KerfError(
      'disk-full',
      `${tmpdir()}, the folder for temporary files, is full: both networks are written there to be run. Free some space, or name another folder in the environment variable TMPDIR.`,
      error.details,
    )
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
    cleanUp()
  }
}
