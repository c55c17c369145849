import { readFileSync } from 'node:fs'
import { filesOf } from '../../api/files.node.ts'
import { type Model, modelBytes } from '../../api/graph.ts'
import { createSession, type Feeds, type HostTensor, hostValues, type Session } from '../../api/runtime.node.ts'
import { KerfError, type Task } from '../../base/index.ts'
import type { OrtModule, Outputs } from '../../workflow/index.node.ts'
import { isBuiltIn } from '../given-model.ts'
import { loadPeer } from './peers.ts'

/** A runtime that has loaded the network. */
export interface Contender {
  readonly name: string
  readonly version: string
  run(task?: Task): Promise<Outputs>
  /** Runs without looking at the outputs. */
  step(): Promise<void>
  release(): Promise<void>
}

export interface Kerf extends Contender {
  readonly session: Session
}

export async function openKerf(
  model: Model,
  feeds: Feeds,
  options: { readonly threads: number; readonly version: string; readonly onNotice: (text: string) => void } & Task,
): Promise<Kerf> {
  const session = await createSession(model, {
    threads: options.threads,
    inputShapes: new Map(Object.entries(feeds).map(([name, t]) => [name, t.shape])),
    onNotice: options.onNotice,
    signal: options.signal,
    progress: options.progress,
  })
  return {
    name: 'kerf',
    version: options.version,
    session,
    async run(task) {
      return new Map(Object.entries(await session.run(feeds, task)).map(([name, t]) => [name, valuesOf(t)]))
    },
    async step() {
      await session.run(feeds)
    },
    async release() {
      await session.dispose()
    },
  }
}

/**
 * @param path file of the model, net:NAME or design:NAME
 * @returns undefined where the package is not installed
 * @throws KerfError `runtime-refused` when the runtime does not load the model
 */
export async function openPeer(
  name: 'ort-web' | 'ort-node',
  model: Model,
  path: string,
  feeds: Feeds,
  threads: number,
): Promise<Contender | undefined> {
  const refused = (error: unknown) => {
    const why = String(error).split('\n')[0]
    throw new KerfError('runtime-refused', `${name} does not run ${path}: ${why}`, { runtime: name, path })
  }
  const isFile = !isBuiltIn(path)
  if (name === 'ort-node') {
    const ort = await loadPeer('ort-node')
    if (!ort) return undefined
    const options = { executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1 }
    const quiet = { ...options, logSeverityLevel: 3 as const }
    const session = await (isFile
      ? ort.InferenceSession.create(path, quiet)
      : ort.InferenceSession.create(modelBytes(model), quiet)
    ).catch(refused)
    return contender(name, ort.env.versions.node ?? ort.env.versions.common, ort, session as OrtSession, feeds)
  }
  const ort = await loadPeer('ort-web')
  if (!ort) return undefined
  ort.env.wasm.numThreads = threads
  // It reads no files: weights beside the model go into the bytes.
  const bytes = isFile && filesOf(model).length <= 1 ? readFileSync(path) : modelBytes(model)
  const options = { executionProviders: ['wasm'], logSeverityLevel: 3 as const }
  const session = await ort.InferenceSession.create(bytes, options).catch(refused)
  return contender(name, ort.env.versions.web ?? ort.env.versions.common, ort, session as OrtSession, feeds)
}

type OrtSession = Awaited<ReturnType<OrtModule['InferenceSession']['create']>>

function contender(
  name: string,
  version: string,
  { Tensor }: Pick<OrtModule, 'Tensor'>,
  session: OrtSession,
  feeds: Feeds,
): Contender {
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([n, t]) => [n, new Tensor(t.elementType as 'float32', t.data as Float32Array, t.shape)]),
  )
  return {
    name,
    version,
    async run() {
      const outputs = Object.entries(await session.run(tensors))
      return new Map(
        outputs.flatMap(([n, t]) => (t.type === 'string' ? [] : [[n, valuesOf(hostTensorOf(t))] as const])),
      )
    },
    async step() {
      await session.run(tensors)
    },
    release: () => session.release(),
  }
}

const valuesOf = (t: HostTensor) => ({ shape: t.shape, values: hostValues(t) })

/** ONNX Runtime names element types as we do, and holds them in the same arrays. */
const hostTensorOf = (t: { readonly type: string; readonly dims: readonly number[]; readonly data: unknown }) =>
  ({ elementType: t.type, shape: t.dims, data: t.data }) as HostTensor
