import type { Model } from 'kerf'
import { GraphBuilder, tensorOf } from 'kerf/graph'
import { type SessionOptions, timeInTurns } from 'kerf/runtime'
import { feedsToTime, runLayers } from 'kerf/workflow'
import { timeBeside } from './beside.ts'
import { threadedRuntime } from './threaded-runtime.ts'
import type { MachineLimits, Measurement, MeasureProgress, NetworkWish } from './times.ts'

/*
 * Time, in this browser: networks run on Kerf's kernels, in a worker of their own, so that the engine goes on answering. Loaded when something is measured.
 */

/** How long measuring goes on, and who is told. */
interface Work {
  readonly signal: AbortSignal
  progress?(state: MeasureProgress): void
}

/** @throws as `createSession` and `Session.run`; KerfError `aborted` */
export async function measure(
  model: Model,
  inputs: Measurement['inputs'],
  { threads, seconds, peer }: NetworkWish,
  { signal, progress }: Work,
): Promise<Measurement> {
  const shapes = new Map(inputs.map(({ name, shape }) => [name, shape as readonly number[]]))
  const feeds = feedsToTime(model, shapes)
  const notices: string[] = []
  await using session = await open(model, {
    threads,
    inputShapes: shapes,
    signal,
    onNotice: (text) => notices.push(text),
  })
  const half = seconds / 2
  // Both halves are one way.
  const told = (before: number) => (state: Pick<MeasureProgress, 'what' | 'done'>) =>
    progress?.({ what: state.what, done: before + state.done, total: 1000 * seconds })
  const step = async () => {
    await session.run(feeds, { signal })
  }
  const task = { signal, progress: told(0) }
  const compared = peer && (await timeBeside(peer, model, feeds, session, half, task))
  const whole = compared?.whole ?? (await timeInTurns([{ step }], half, task))[0]!
  const profile = await session.profile(feeds, half, { signal, progress: told(1000 * half) })
  return {
    ...{ threads: session.threads, backend: session.backend, memory: session.memory, whole, notices, inputs },
    layerRuns: profile.runs,
    parts: runLayers(model, shapes, profile),
    ...(compared && { beside: compared.beside }),
  }
}

/** So long each of the two limits is measured, in seconds. */
const limitSeconds = 0.5

/**
 * What the machine does at most: the fastest run of a pointwise convolution whose numbers stay in the cache, and of a sum of tensors that no cache holds.
 * @throws as `measure`
 */
export async function measureLimits(threads: number, signal: AbortSignal): Promise<MachineLimits> {
  const channels = 256
  const fastest = async (model: Model) => {
    await using session = await open(model, { threads, signal })
    const { tasks } = await session.profile(feedsToTime(model), limitSeconds, { signal })
    const largest = tasks.find((task) => task.kind === 'compute')!
    return { timeMs: largest.fastestMs, threads: session.threads }
  }
  const convolution = new GraphBuilder('arithmetic')
  const shape = [1, channels, 28, 28]
  const x = convolution.input('x', 'float32', shape)
  const weights = Float32Array.from({ length: channels * channels }, (_, i) => Math.sin(i))
  const w = convolution.constant('w', tensorOf('float32', [channels, channels, 1, 1], weights))
  convolution.output(convolution.node('Conv', [x, w], { kernel_shape: [1, 1] }))
  const sum = new GraphBuilder('memory')
  const elements = 2 ** 23
  const [a, b] = ['a', 'b'].map((name) => sum.input(name, 'float32', [elements / 1024, 1024]))
  sum.output(sum.node('Add', [a!, b!]))
  const arithmetic = await fastest(convolution.model())
  const memory = await fastest(sum.model())
  return {
    threads: arithmetic.threads,
    macsPerSecond: (1000 * channels * channels * 28 * 28) / arithmetic.timeMs,
    // Two are read, one is written.
    bytesPerSecond: (1000 * 3 * 4 * elements) / memory.timeMs,
  }
}

/** In a worker of its own. */
const open = (model: Model, options: SessionOptions) =>
  threadedRuntime.createSession(model, { ...options, worker: true })
