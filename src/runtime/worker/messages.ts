import { isAborted, KerfError, NodeError, type NodeProblem, type Progress, type Task } from '../../base/index.ts'
import { UnsupportedError } from '../../plan/index.ts'
import type { ProgramMemory } from '../backend.ts'
import type { BackendName } from '../choose-backend.ts'
import type { Feeds } from '../feeds.ts'
import type { RunProfile } from '../profile.ts'
import type { SessionOptions } from '../session.ts'
import type { HostTensor } from '../tensor.ts'
import type { HandedModel } from './hand-model.ts'

/*
 * What a session and the worker that it runs in tell each other. Arrays travel by being handed over: whoever sends one has made it for that.
 */

/** The options that are plain data. */
export type WorkerOptions = Pick<SessionOptions, 'threads' | 'winograd' | 'sparse' | 'inputShapes' | 'maxMemory'> & {
  readonly backend?: BackendName
  /** Where the library of kernels in machine code lies, if there is one. */
  readonly native?: string
  /** That of the session's process or page. */
  readonly memoryLimit: number
}

/** What is asked for. */
export type Question =
  | { readonly kind: 'create'; readonly model: HandedModel; readonly options: WorkerOptions }
  | { readonly kind: 'run'; readonly feeds: Feeds }
  | { readonly kind: 'profile'; readonly feeds: Feeds; readonly seconds: number }
  | { readonly kind: 'dispose' }

/** Of a task, which of its two are there, and whether it is stopped already. */
export interface AskedTask {
  readonly signal: boolean
  readonly progress: boolean
  readonly aborted: boolean
}

/** To the worker: questions, each with a number; `abort` for one that is not answered yet; `weights` for the runs that are asked for behind it. */
export type Request =
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question; readonly task: AskedTask }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'weights'; readonly model: HandedModel }

/** What a session says of itself; it can change with every run. */
export interface SessionState {
  readonly backend: string
  readonly instructions: string | undefined
  readonly threads: number
  readonly memory: ProgramMemory | undefined
}

/** From the worker: `started` at first, one `done` or `failed` per question, the rest while it works. */
export type Reply =
  | { readonly kind: 'done'; readonly id: number; readonly value: Answer; readonly state: SessionState | undefined }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly error: HandedError
      readonly state: SessionState | undefined
    }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'started' }

export type Answer = Feeds | RunProfile | undefined

/** What is handed over with a model. */
export const buffersOfModel = ({ bytes }: HandedModel): ArrayBuffer[] => bytes.map(({ buffer }) => buffer)

/** What is handed over with tensors. */
export const buffersOf = (tensors: Feeds): ArrayBuffer[] =>
  Object.values(tensors).flatMap(({ data: { buffer } }: HostTensor) => (buffer instanceof ArrayBuffer ? [buffer] : []))

/** An error as plain data: classes do not survive the way between threads. */
export interface HandedError {
  readonly name: string
  readonly message: string
  /** Of a KerfError. */
  readonly code?: string
  readonly details?: Readonly<Record<string, unknown>>
}

export function handError(error: unknown): HandedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message } = error
  if (!(error instanceof KerfError)) return { name, message }
  const details = Object.entries(error.details).map(([key, value]) => [key, isData(value) ? value : String(value)])
  return { name, message, code: error.code, details: Object.fromEntries(details) }
}

/** Whether it can be sent: there is no other way to know than to try. */
function isData(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

/** The error as it would have been here; where the signal of this task has ended the work, with the reason that the signal has. */
export function receiveError({ name, message, code, details = {} }: HandedError, { signal }: Task): Error {
  if (code === undefined) return Object.assign(new Error(message), { name })
  const { domain, opType, node, why } = details as Readonly<Record<string, string>>
  if (name === 'UnsupportedError') return new UnsupportedError(domain!, opType!, node!, why!)
  // Its details are the problem that its text was made of.
  if (name === 'NodeError') return new NodeError(code, details as unknown as NodeProblem)
  const error = new KerfError(code, message, details)
  return isAborted(error) && signal?.aborted ? new KerfError(code, message, { reason: signal.reason }) : error
}
