// `kerf/runtime`: running networks, on WebAssembly kernels with threads or by the operators' definitions; tensors in and out; time.
// Not here: training (train.ts), images (data.ts).
// May import: every room, through its index. In Node, runtime.node.ts stands in its place, with the same names.

// Sessions

export {
  createSession,
  type Feed,
  type Feeds,
  type NestedNumbers,
  type RunOptions,
  type Session,
  type SessionOptions,
  UnsupportedError,
} from '../runtime/index.ts'

// Tensors

export {
  fromStored,
  type HostArrays,
  type HostData,
  type HostElementType,
  type HostTensor,
  hostTensor,
  hostValues,
  isHostElementType,
  type OutputSummary,
  outputSummary,
  type RankedClass,
  type TensorOf,
} from '../runtime/index.ts'

// Programs that stay in memory

export {
  type BackendName,
  type BackendOptions,
  backendNames,
  createProgram,
  type Program,
  type ProgramMemory,
  type RunningOptions,
  type Runtime,
  type SparseChoice,
} from '../runtime/index.ts'

// A backend of one's own: docs/backends.md

export { type Matrices, MemoryBudget } from '../base/index.ts'
export { type Affine, type Constants, constantContent, runForward } from '../graph/index.ts'
export {
  type Abilities,
  type Ability,
  affineOf,
  type Buffer,
  type Job,
  type Layout,
  type Lifetime,
  type Located,
  makePlan,
  type NodeTask,
  type Parts,
  type Plan,
  type PlanOptions,
  type Prepared,
  type Run,
  type Task as PlanTask,
  type Unit,
  type Wholes,
  type WholesRule,
} from '../plan/index.ts'
export {
  type Backend,
  type CompileOptions,
  chooseBackend,
  Host,
  type HostTask,
  type Numbers,
  unknownValue,
} from '../runtime/index.ts'

// The oracle

export { type ReferenceOptions, referenceRun } from '../runtime/index.ts'

// Time

export {
  type LimitOptions,
  measureLimit,
  type RunProfile,
  type TaskTime,
  type Timing,
  type TimingTask,
  timeInTurns,
} from '../runtime/index.ts'

// Threads

export {
  type NativeKernels,
  type NativeRun,
  type SpawnWorker,
  type WorkerHandle,
  workerSource,
} from '../runtime/index.ts'
