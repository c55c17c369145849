import { cpus } from 'node:os'
import { type ModelSource, modelOf } from '../../onnx/index.node.ts'
import type { TimeTable } from '../../prune/index.ts'
import { nodeRuntime } from '../../runtime/index.node.ts'
import { loadOrt } from '../prove/onnx-runtime.node.ts'
import { type MeasureOptions, measureTimes as measureIn } from './measure.ts'
import { type OrtInterface, type OrtTimingOptions, ortTiming as ortIn } from './ort.ts'
import { type KerfTimingOptions, kerfTiming as kerfIn, type TimingRuntime } from './runtimes.ts'

/*
 * One thread is timed by the time of the processor that this process gets: on an idle machine that is the time that passes, on a busy one others only ever add to
 * what passes. Threads that wait for each other spin, so that several are timed by what passes.
 */

const processorClock = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const clockFor = (threads: number): (() => number) | undefined => (threads === 1 ? processorClock : undefined)

/** `AMD EPYC 7B13, Node v20.20.2`. */
const thisMachine = (): string => `${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`

/** `kerfTiming` with threads of Node. One thread is timed by the processor's clock, which other processes do not disturb. */
export function kerfTiming(options: KerfTimingOptions = {}): TimingRuntime {
  const { threads = 1 } = options
  return kerfIn({ runtime: nodeRuntime, machine: thisMachine(), clock: clockFor(threads), ...options })
}

/** `measureTimes` with threads of Node, and paths of files. */
export async function measureTimes(source: ModelSource, options: MeasureOptions = {}): Promise<TimeTable> {
  return measureIn(await modelOf(source, options), { timing: kerfTiming(), ...options })
}

/** `ortTiming` with onnxruntime-node, where no module is given and it is installed. One thread is timed by the processor's clock. */
export async function ortTiming(options: OrtTimingOptions = {}): Promise<TimingRuntime> {
  const { threads = 1 } = options
  const module: OrtInterface | undefined = options.module ?? (await loadOrt())
  return ortIn({ machine: thisMachine(), clock: clockFor(threads), ...options, module })
}
