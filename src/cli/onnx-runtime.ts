import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as Ort from 'onnxruntime-node'
import { type ElementType, elementCount, isConcrete, KerfError, seededRandom, seedFrom } from '../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../graph/index.ts'

/*
 * ONNX Runtime as the independent judge: does the cut network give what the masked one gives, and is it faster? It is an optional
 * dependency; without it Kerf still counts and cuts, and says that nothing was run.
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
    const random = seededRandom(seedFrom(seed, input.name))
    const floating = ['float32', 'float64', 'float16'].includes(input.type.elementType)
    const values = Float64Array.from({ length: elementCount(shape) as number }, () =>
      floating ? random.normal() : random.below(2),
    )
    return { name: input.name, elementType: input.type.elementType, shape, values }
  })
}

function ortTensor(ort: OrtModule, feed: Feed): Ort.Tensor {
  switch (feed.elementType) {
    case 'float32':
      return new ort.Tensor('float32', Float32Array.from(feed.values), feed.shape)
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
        `Input "${feed.name}" is ${feed.elementType}; networks are run with float32, float64, int32, int64, uint8 and bool inputs.`,
      )
  }
}

export type Outputs = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float64Array }>

/** A loaded network that can be run again and again. */
export interface Session {
  run(): Promise<Outputs>
  /** Runs without looking at the outputs, for timing. */
  step(): Promise<void>
  release(): Promise<void>
}

/** @throws KerfError `runtime-refused` when ONNX Runtime does not load the file */
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
    throw new KerfError('runtime-refused', `ONNX Runtime does not load ${path}: ${String(error).split('\n')[0]}`)
  })
  const tensors = Object.fromEntries(feeds.map((f) => [f.name, ortTensor(ort, f)]))
  return {
    async run() {
      const outputs = await session.run(tensors)
      return new Map(
        Object.entries(outputs).flatMap(([name, t]) =>
          t.type === 'string'
            ? []
            : [[name, { shape: t.dims, values: Float64Array.from(t.data as ArrayLike<number>, Number) }] as const],
        ),
      )
    },
    async step() {
      await session.run(tensors)
    },
    release: () => session.release(),
  }
}

/** Median milliseconds of each contender; one run of each in turn, so that a busy moment hits all alike. */
export async function timeInterleaved(sessions: readonly Session[], seconds: number): Promise<number[]> {
  const times = sessions.map(() => [] as number[])
  for (const s of sessions) for (let i = 0; i < 3; i++) await s.step()
  const end = performance.now() + 1000 * seconds
  while (performance.now() < end || (times[0]?.length ?? 0) < 5)
    for (const [i, s] of sessions.entries()) {
      const start = performance.now()
      await s.step()
      times[i]?.push(performance.now() - start)
    }
  return times.map((t) => t.sort((a, b) => a - b)[Math.floor(t.length / 2)] as number)
}

/** A folder for models that are only run, removed at the end whatever happens. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kerf-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
