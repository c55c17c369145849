import { type Command, Option } from 'commander'
import { kerfTiming, ortTiming, type TimingRuntime } from '../api/workflow.node.ts'
import { loadPeer } from './bench/peers.ts'
import { threadCount } from './options.ts'
import { version } from './version.ts'

/* Where times are measured. */

const runtimeNames = ['kerf', 'ort-node', 'ort-web'] as const

export interface TimingFields {
  readonly runtime?: (typeof runtimeNames)[number]
  readonly timeThreads?: number
}

export const addTimingFlags = (command: Command): Command =>
  command
    .addOption(new Option('--runtime <name>', 'where times are measured').choices(runtimeNames).default('kerf'))
    .addOption(
      new Option('--time-threads <n>', 'threads that times are measured with').argParser(threadCount).default(1),
    )

export async function timingRuntime({
  runtime = 'kerf',
  timeThreads: threads = 1,
}: TimingFields): Promise<TimingRuntime> {
  if (runtime === 'kerf') return kerfTiming({ threads, version: version() })
  if (runtime === 'ort-node') return ortTiming({ threads })
  const module = await loadPeer('ort-web')
  if (module) module.env.wasm.numThreads = threads
  return ortTiming({ name: 'ort-web', module, threads, executionProviders: ['wasm'] })
}
