import { cpus } from 'node:os'
import { clockFor, withDefaults } from '../../base/index.node.ts'
import { type ModelSource, modelOf } from '../../onnx/index.node.ts'
import type { TimeTable } from '../../prune/index.ts'
import { nodeRuntime } from '../../runtime/index.node.ts'
import { loadOrt } from '../prove/onnx-runtime.node.ts'
import { type MeasureOptions, measureTimes as measureIn } from './measure.ts'
import { type OrtInterface, type OrtTimingOptions, ortTiming as ortIn } from './ort.ts'
import { type KerfTimingOptions, kerfTiming as kerfIn, type TimingRuntime } from './runtimes.ts'

/** `AMD EPYC 7B13, Node v20.20.2`. */
const thisMachine = (): string => `${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`

/** `kerfTiming` with threads of Node. One thread is timed by the processor's clock, which other processes do not disturb. */
export function kerfTiming(options: KerfTimingOptions = {}): TimingRuntime {
  const { threads = 1 } = options
  return kerfIn(withDefaults(options, { runtime: nodeRuntime, machine: thisMachine(), clock: clockFor(threads) }))
}

/** `measureTimes` with threads of Node, and paths of files. */
export async function measureTimes(source: ModelSource, options: MeasureOptions = {}): Promise<TimeTable> {
  return measureIn(await modelOf(source, options), withDefaults(options, { timing: kerfTiming() }))
}

/** `ortTiming` with onnxruntime-node, where no module is given and it is installed. One thread is timed by the processor's clock. */
export async function ortTiming(options: OrtTimingOptions = {}): Promise<TimingRuntime> {
  const { threads = 1 } = options
  const isWeb = options.name === 'ort-web'
  const module: OrtInterface | undefined = options.module ?? (isWeb ? undefined : await loadOrt())
  return ortIn({ ...withDefaults(options, { machine: thisMachine(), clock: clockFor(threads) }), module })
}
