// Running networks: the reference backend and the WebAssembly backend.
// Not here: what operators mean (ops/), training, files.
// May import: base, graph, ops, onnx, plan.

export { UnsupportedError } from '../plan/index.ts'
export { type Backend, type CompileOptions, type Program, type ProgramMemory, unknownValue } from './backend.ts'
export { type ReferenceOptions, referenceRun } from './backends/reference/run.ts'
export { type LimitOptions, measureLimit } from './backends/wasm/engine/limit.ts'
export type { NativeKernels, NativeRun } from './backends/wasm/engine/native.ts'
export { type SpawnWorker, type WorkerHandle, workerSource } from './backends/wasm/engine/pool.ts'
export type { SparseChoice } from './backends/wasm/steps/convolution/sparse-choice.ts'
export { type BackendName, type BackendOptions, backendNames, chooseBackend, warn } from './choose-backend.ts'
export { createProgram } from './create-program.ts'
export { createSession } from './create-session.ts'
export type { Feed, NestedNumbers } from './feed.ts'
export type { Feeds } from './feeds.ts'
export { Host, type HostTask, type Numbers } from './host.ts'
export { type OutputSummary, outputSummary, type RankedClass } from './output-summary.ts'
export type { RunProfile, TaskTime } from './profile.ts'
export { openMatrices, openProgram, openSession, type RunningOptions, type Runtime } from './running.ts'
export type { RunOptions, Session, SessionOptions } from './session.ts'
export {
  floatsOf,
  fromStored,
  type HostArrays,
  type HostData,
  type HostElementType,
  type HostTensor,
  hostTensor,
  hostValues,
  isHostElementType,
  type TensorOf,
  tensorOver,
} from './tensor.ts'
export { type Timing, type TimingTask, timeInTurns } from './time-in-turns.ts'
