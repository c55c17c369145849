import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as Ort from 'onnxruntime-node'
import { checkAborted, float16ToNumber, KerfError, numberToFloat16, temporaryBeside } from '../../base/index.node.ts'
import { writeModelFile } from '../../onnx/index.node.ts'
import type { Engine } from './engine.ts'
import type { Feed, Outputs } from './feeds.ts'

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

/** A loaded network. */
interface Session {
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
async function openSession(ort: OrtModule, path: string, feeds: readonly Feed[], threads: number): Promise<Session> {
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

/** ONNX Runtime, which may need files: beyond 2 GB it takes nothing else. */
export const ortEngine = (ort: OrtModule): Engine => ({
  run: (model, feeds, signal) =>
    withTemporaryFolder(async (folder) => {
      const path = join(folder, 'model.onnx')
      writeModelFile(model, path)
      const session = await openSession(ort, path, feeds, 1)
      try {
        // Its own work cannot be stopped.
        checkAborted(signal, 'The run')
        return await session.run()
      } finally {
        await session.release()
      }
    }),
})

/** The engine of the package that is installed; undefined without. */
export async function installedOrt(): Promise<Engine | undefined> {
  const ort = await loadOrt()
  return ort && ortEngine(ort)
}

/** A folder for models that are only run, removed at the end whatever happens: where the process exits before, too, and by the next one where it was killed. */
async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = temporaryBeside(join(tmpdir(), 'kerf-proof'))
  mkdirSync(folder, { mode: 0o700 })
  const cleanUp = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', cleanUp)
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
    process.off('exit', cleanUp)
    cleanUp()
  }
}
