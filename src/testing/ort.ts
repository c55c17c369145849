// ONNX Runtime, the independent judge of what Kerf writes. It is an optional dependency: where it is not installed, tests that
// need it are skipped, and say why.

import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe } from 'vitest'
import { seededRandom, seedFrom } from '../base/index.ts'

const runtime = await import('onnxruntime-node').catch(() => undefined)

export const hasOrt = runtime !== undefined

/** `describe` for tests that need ONNX Runtime; without it they are reported as skipped, with the reason in their name. */
export function describeOrt(name: string, body: () => void): void {
  if (hasOrt) describe(name, body)
  else describe.skip(`${name} (skipped: onnxruntime-node is not installed)`, body)
}

/** A tensor that goes into or comes out of ONNX Runtime, with ONNX Runtime's names of element types. */
export interface OrtTensor {
  readonly type: Tensor.Type
  readonly dims: readonly number[]
  readonly data: Tensor['data']
}

export interface OrtOptions {
  /** Threads inside one operator; 1 by default, so that sums are made in one order. */
  readonly threads?: number
  /** Graph optimisation, 'all' by default as users run it; 'disabled' runs the nodes as the file has them. */
  readonly optimization?: 'disabled' | 'basic' | 'all'
}

export interface OrtSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /** Types and shapes of the inputs as the file gives them; symbolic sizes are strings. */
  readonly inputs: readonly {
    readonly name: string
    readonly type: Tensor.Type
    readonly shape: readonly (number | string)[]
  }[]
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Record<string, OrtTensor>>
  release(): Promise<void>
}

/** @param model path of a file (external data is then found beside it), or the bytes of one */
export async function loadOrt(model: string | Uint8Array, options: OrtOptions = {}): Promise<OrtSession> {
  if (!runtime) throw new Error('onnxruntime-node is not installed')
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    graphOptimizationLevel: options.optimization ?? 'all',
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  }
  const session =
    typeof model === 'string'
      ? await runtime.InferenceSession.create(model, sessionOptions)
      : await runtime.InferenceSession.create(model, sessionOptions)
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    inputs: session.inputMetadata.map((input) => {
      if (!input.isTensor) throw new Error(`input ${input.name} is not a tensor`)
      return { name: input.name, type: input.type, shape: input.shape }
    }),
    async run(feeds) {
      const tensors = Object.entries(feeds).map(([name, t]) => [
        name,
        new runtime.Tensor(t.type, t.data as Float32Array, t.dims),
      ])
      const outputs = await session.run(Object.fromEntries(tensors))
      return Object.fromEntries(
        Object.entries(outputs).map(([name, t]) => [name, { type: t.type, dims: t.dims, data: t.data }]),
      )
    },
    release: () => session.release(),
  }
}

/** Loads, runs once, releases. */
export async function runOrt(
  model: string | Uint8Array,
  feeds: Readonly<Record<string, OrtTensor>>,
  options: OrtOptions = {},
): Promise<Record<string, OrtTensor>> {
  const session = await loadOrt(model, options)
  try {
    return await session.run(feeds)
  } finally {
    await session.release()
  }
}

/** A float32 tensor of seeded normal numbers. */
export function randomTensor(dims: readonly number[], seed: number): OrtTensor {
  const random = seededRandom(seed)
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal())
  return { type: 'float32', dims, data }
}

/** Seeded float32 inputs for a session; unknown sizes become `batch`. Throws when an input is not float32. */
export function randomFeeds(session: OrtSession, seed = 1, batch = 1): Record<string, OrtTensor> {
  const feeds: Record<string, OrtTensor> = {}
  for (const { name, type, shape } of session.inputs) {
    if (type !== 'float32') throw new Error(`input ${name} is ${type}: give its values yourself`)
    const dims = shape.map((d) => (typeof d === 'number' && d > 0 ? d : batch))
    feeds[name] = randomTensor(dims, seedFrom(seed, name))
  }
  return feeds
}
