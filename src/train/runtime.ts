import { createResident, createSession, type SessionOptions } from '../runtime/index.ts'

/** What runs the graphs: the runtime's core, or with threads of Node (index.node.ts). */
export interface TrainingRuntime {
  readonly createResident: typeof createResident
  readonly createSession: typeof createSession
}

export const coreRuntime: TrainingRuntime = { createResident, createSession }

export interface RunningOptions extends Pick<SessionOptions, 'backend' | 'threads' | 'onNotice'> {
  readonly runtime?: TrainingRuntime
}
