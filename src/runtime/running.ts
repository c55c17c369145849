import type { Matrices, Task } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import type { Program } from './backend.ts'
import { type BackendOptions, chooseMatrices } from './choose-backend.ts'
import { createProgram } from './create-program.ts'
import { createBrowserSession } from './create-session.ts'
import type { Session, SessionOptions } from './session.ts'

/** What opens networks for those who run them as part of something larger: training, calibration, experiments. */
export interface Runtime {
  /**
   * As `createSession` of kerf/runtime.
   * @param model what is run
   */
  createSession(model: Model, options?: SessionOptions): Promise<Session>
  /**
   * As `createProgram` of kerf/runtime.
   * @param inputShapes by the names of the inputs
   * @param options as of `createProgram`
   */
  createProgram(
    model: Model,
    inputShapes: ReadonlyMap<string, readonly number[]>,
    options?: BackendOptions & Task,
  ): Promise<Program>
  /**
   * What calculates with matrices of float64, for those who solve and rank; undefined where the backend has no kernels for that. Without it plain loops do.
   * @param options as of `createProgram`
   */
  openMatrices?(options?: BackendOptions): Matrices | undefined
}

/** This room's own, which has threads in browsers alone. */
const coreRuntime: Runtime = {
  ...{ createSession: createBrowserSession, createProgram },
  openMatrices: (options = {}) => chooseMatrices(options),
}

/** `signal` stops the opening, too. */
export interface RunningOptions
  extends Pick<BackendOptions, 'backend' | 'threads' | 'operators' | 'onNotice'>,
    Pick<Task, 'signal'> {
  /** What opens networks. Default: sessions and programs as this entry point makes them, in Node with its threads. */
  readonly runtime?: Runtime
}

export function openSession(
  model: Model,
  { runtime = coreRuntime, backend, threads, operators, onNotice, signal }: RunningOptions,
  more: Pick<SessionOptions, 'inputShapes' | 'winograd' | 'sparse' | 'native' | 'progress'> = {},
): Promise<Session> {
  return runtime.createSession(model, { backend, threads, operators, onNotice, signal, ...more })
}

export function openProgram(
  model: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  { runtime = coreRuntime, backend, threads, operators, onNotice, signal }: RunningOptions,
): Promise<Program> {
  return runtime.createProgram(model, inputShapes, { backend, threads, operators, onNotice, signal })
}

/** Kernels and threads for matrices, which are there from the first use on. */
export const openMatrices = ({ runtime = coreRuntime, backend, threads }: RunningOptions): Matrices | undefined =>
  runtime.openMatrices?.({ backend, threads })
