import type { Model } from '../../api/graph.ts'
import type { Contender } from '../../api/lab.ts'
import { timeInTurns } from '../../api/runtime.node.ts'
import { isAborted, KerfError, type Task } from '../../base/index.ts'
import { openKerf } from '../bench/contenders.ts'
import type { Io } from '../io.ts'
import { openPeers } from '../lab/peers.ts'
import type { InputShapes } from '../options.ts'
import { readFeeds } from '../run/feeds.ts'
import { version } from '../version.ts'
import { defaultSeed } from '../vocabulary.ts'

/** What zeros change of the time of a run, in one runtime, on one thread. */
export interface ZeroWorth {
  readonly runtime: string
  readonly version: string
  /** Medians. */
  readonly denseMs: number
  readonly zerosMs: number
  /** Layers that are done without their zeros; only where the runtime says so. */
  readonly sparseLayers?: number
}

/** How long is measured, if runs are not longer. */
const seconds = 1

/**
 * Times a network before and after weights were set to zero, in turns: in Kerf, and in ONNX Runtime where that is installed.
 * @returns a sentence where it cannot be run
 */
export async function zeroWorth(
  given: Model,
  pruned: Model,
  inputs: InputShapes | undefined,
  task: Task,
  io: Io,
): Promise<readonly ZeroWorth[] | string> {
  const opened: Contender[] = []
  try {
    const shapes = new Map([...(inputs ?? [])].map(([name, shape]) => [name, { shape }]))
    const read = await readFeeds(given, shapes, defaultSeed, {})
    const feeds = Object.fromEntries(read.map(({ name, tensor }) => [name, tensor]))
    const sides: Contender[][] = [[], []]
    let sparseLayers = 0
    for (const [i, model] of [given, pruned].entries()) {
      const own = await openKerf(model, feeds, { threads: 1, version: version(), onNotice: () => {}, ...task })
      opened.push(own)
      // The last is the pruned one.
      const { tasks } = await own.session.profile(feeds, 0, task)
      sparseLayers = tasks.filter(({ kernels }) => kernels.some((k) => k.startsWith('sparse'))).length
      const peers = await openPeers(model, feeds, 1, { ...io, err: () => {} })
      opened.push(...peers)
      sides[i]!.push(own, ...peers)
    }
    const [dense, zeros] = sides as [Contender[], Contender[]]
    const pairs = dense.flatMap((before) => {
      const after = zeros.find(({ name }) => name === before.name)
      return after ? [[before, after] as const] : []
    })
    const times = await timeInTurns(pairs.flat(), seconds, task)
    return pairs.map(([{ name, version }], i) => ({
      ...{ runtime: name, version, denseMs: times[2 * i]!.medianMs, zerosMs: times[2 * i + 1]!.medianMs },
      ...(i === 0 ? { sparseLayers } : {}),
    }))
  } catch (error) {
    if (!isAborted(error) && error instanceof KerfError)
      return `What the zeros are worth was not measured: ${error.message}`
    throw error
  } finally {
    for (const contender of opened) await contender.release()
  }
}

const ms = (value: number): string => value.toPrecision(3)

/** `kerf 15.9 → 6.02 ms (2.64 ×, 34 layers without their zeros), ort-web 36.1 → 36.0 ms (1.00 ×)` */
export const worthText = (worth: readonly ZeroWorth[]): string =>
  worth
    .map(({ runtime, denseMs, zerosMs, sparseLayers }) => {
      const layers = sparseLayers === undefined ? '' : `, ${sparseLayers} layers without their zeros`
      return `${runtime} ${ms(denseMs)} → ${ms(zerosMs)} ms (${(denseMs / zerosMs).toFixed(2)} ×${layers})`
    })
    .join(', ')
