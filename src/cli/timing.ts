import { type Command, Option } from 'commander'
import { kerfTiming, ortTiming, type TimingRuntime } from '../api/workflow.node.ts'
import { KerfError } from '../base/index.ts'
import { howToInstall, loadPeer } from './bench/peers.ts'
import { threadCount } from './options.ts'
import { version } from './version.ts'

/* Where times are measured. */

const runtimeNames = ['kerf', 'ort-node', 'ort-web'] as const

export interface TimingFields {
  readonly runtime?: (typeof runtimeNames)[number]
  readonly timeThreads?: number
}

export const addRuntimeFlag = (command: Command, text: string): Command =>
  command.addOption(new Option('--runtime <name>', text).choices(runtimeNames).default('kerf'))

export const addTimingFlags = (command: Command): Command =>
  addRuntimeFlag(command, 'where times are measured').addOption(
    new Option('--time-threads <n>', 'threads that times are measured with').argParser(threadCount).default(1),
  )

/** @throws KerfError `not-installed` with the command that installs what is asked for */
export async function timingRuntime({
  runtime = 'kerf',
  timeThreads: threads = 1,
}: TimingFields): Promise<TimingRuntime> {
  if (runtime === 'kerf') return kerfTiming({ threads, version: version() })
  const module = await loadPeer(runtime)
  if (!module)
    throw new KerfError(
      'not-installed',
      `${runtime} is not installed: ${howToInstall[runtime]}. Or time on Kerf's own runtime (--runtime kerf).`,
    )
  return ortTiming({ name: runtime, module, threads })
}
