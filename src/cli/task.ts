import { constants } from 'node:os'
import type { Progress, Task } from '../base/index.ts'
import type { Io } from './io.ts'
import { ProgressBar } from './progress-bar.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The last signal that asked this process to stop. */
let received: (typeof signals)[number] = 'SIGINT'

/** The exit status of a command that stopped because it was asked to: 128 + the signal's number, as shells count (130 after Ctrl-C). */
export const stopStatus = (): number => 128 + constants.signals[received]

/** The task of a command. */
export interface CommandTask extends Required<Task> {
  /** What the bar says besides; asked for when it is drawn. */
  note: ((progress: Progress) => string) | undefined
}

/**
 * The long work of a command: Ctrl-C (or `kill`) aborts it, the second time the process ends at once; on a terminal a bar says how far it is.
 * @param work is given an `Io` that clears the bar before anything else is written
 */
export async function withTask<T>(io: Io, work: (task: CommandTask, io: Io) => Promise<T>): Promise<T> {
  const bar = io.terminal && new ProgressBar(io.terminal)
  const controller = new AbortController()
  const listeners = signals.map((name) => {
    const listener = () => {
      received = name
      if (controller.signal.aborted) process.exit(stopStatus())
      controller.abort()
    }
    process.on(name, listener)
    return [name, listener] as const
  })
  const task: CommandTask = {
    signal: controller.signal,
    progress: (progress) => bar?.draw(progress, task.note),
    note: undefined,
  }
  const clearing = (write: (text: string) => void) => (text: string) => {
    bar?.clear()
    write(text)
  }
  try {
    return await work(task, { ...io, out: clearing(io.out), err: clearing(io.err) })
  } finally {
    bar?.clear()
    for (const [name, listener] of listeners) process.off(name, listener)
  }
}
