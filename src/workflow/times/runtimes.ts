import { type ElementType, elementCount, isConcrete, KerfError, type Task } from '../../base/index.ts'
import { bindInputs, graphInputs, type Model } from '../../graph/index.ts'
import type { TimedOn } from '../../prune/index.ts'
import {
  type Feeds,
  hostTensor,
  openSession,
  type RunningOptions,
  type Session,
  timeInTurns,
} from '../../runtime/index.ts'

/** A network, and what it is run on. */
export interface TimedRun {
  /** Of concrete shapes, with these feeds. */
  readonly model: Model
  /** By the names of its inputs. */
  readonly feeds: Feeds
}

/** Where networks are timed: Kerf's own runtime (`kerfTiming`), in Node ONNX Runtime (`ortTiming`), or your own. */
export interface TimingRuntime {
  /** What it is, and where. Tables of times are for one such place. */
  readonly on: TimedOn
  /**
   * Runs networks in turns.
   * @param runs the networks, with what they are fed
   * @param seconds how long each is measured, about
   * @returns the median time of a run of each, in milliseconds
   */
  time(runs: readonly TimedRun[], seconds: number, task?: Task): Promise<readonly number[]>
}

/** How Kerf's own runtime is timed. */
export interface KerfTimingOptions extends RunningOptions {
  /** What the machine is called in tables. Default: what the browser calls itself, or nothing. */
  readonly machine?: string
  /** Of Kerf, in tables. */
  readonly version?: string
  /** Milliseconds that have passed since some moment. Default `performance.now`. */
  readonly clock?: () => number
}

/** Kerf's own runtime, on one thread unless `threads` says otherwise. */
export function kerfTiming(options: KerfTimingOptions = {}): TimingRuntime {
  const { threads = 1, machine = globalThis.navigator?.userAgent ?? '', version = '', clock } = options
  return {
    on: { runtime: 'kerf', version, threads, machine },
    async time(runs, seconds, task = {}) {
      const sessions: Session[] = []
      try {
        for (const { model, feeds } of runs) {
          const inputShapes = new Map(Object.entries(feeds).map(([name, t]) => [name, t.shape]))
          sessions.push(await openSession(model, { ...options, threads, signal: task.signal }, { inputShapes }))
        }
        const steps = sessions.map((session, i) => ({
          async step() {
            await session.run(runs[i]!.feeds)
          },
        }))
        const timings = await timeInTurns(steps, seconds * runs.length, { signal: task.signal, clock })
        return timings.map((t) => t.medianMs)
      } finally {
        for (const session of sessions) await session.dispose()
      }
    },
  }
}

/**
 * Numbers between -1 and 1 for floating inputs, zeros for others: what they are does not matter for time, as long as they are ordinary numbers.
 * @param model whose inputs are fed
 * @param inputs shapes by name, for sizes that the file leaves open
 * @throws KerfError `unsupported-input` for what is no tensor of known shape
 */
export function feedsToTime(model: Model, inputs?: ReadonlyMap<string, readonly number[]>): Feeds {
  const { inputShapes } = bindInputs(model.graph, inputs)
  return Object.fromEntries(
    graphInputs(model.graph).map(({ name, type }) => {
      const shape = inputShapes?.get(name) ?? (type?.kind === 'tensor' ? type.shape : undefined)
      if (type?.kind !== 'tensor' || !isConcrete(shape))
        throw new KerfError(
          'unsupported-input',
          `Input "${name}" is not a tensor of known shape, so the network cannot be timed.`,
        )
      return [name, hostTensor(type.elementType, shape, numbers(type.elementType, elementCount(shape)!))]
    }),
  )
}

function numbers(elementType: ElementType, count: number): Float64Array {
  const values = new Float64Array(count)
  if (!floating.has(elementType)) return values
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    values[i] = state / 2 ** 31
  }
  return values
}

const floating: ReadonlySet<ElementType> = new Set(['float16', 'float32', 'float64'])
