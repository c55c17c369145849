import { KerfError, type Task as Work } from '../base/index.ts'
import type { Dense } from '../graph/index.ts'
import type { Abilities, Plan, Task } from '../plan/index.ts'

/**
 * What computes. Kerf has two, 'wasm' and 'reference'; sessions and training take any object of this type (docs/backends.md). A plan is made for what
 * the backend says that it supports, and the backend makes a program of it.
 */
export interface Backend extends Abilities {
  /** As messages and `Session.backend` have it. */
  readonly name: string
  /** Of its kernels in machine code, as AVX-512; undefined where it has none. */
  readonly instructions?: string
  /** On how many threads its programs run. */
  readonly threads: number
  /**
   * Makes a program: packs weights, takes memory, starts threads.
   * @param plan made for this backend
   * @throws UnsupportedError, KerfError `out-of-memory`, `aborted`, and whatever reading weights throws
   */
  compile(plan: Plan, options?: CompileOptions): Promise<Program>
}

/** How a plan is compiled. */
export interface CompileOptions extends Work {
  /**
   * A program of this backend that is never run at the same time: of the same network for other sizes, or with other weights. What both can have once – packed
   * weights, memory, threads – is shared until the last is disposed of; what a run has made is gone after the other's.
   */
  readonly beside?: Program
}

/** A plan ready to run. Values are as ONNX has them (NCHW, row-major), whatever their layout in the plan. */
export interface Program {
  /** What it was made of. */
  readonly plan: Plan
  /** On how many it runs. */
  readonly threads: number
  /** Undefined where it is not counted. */
  readonly memory: ProgramMemory | undefined
  /** Nodes that it leaves to the reference, and why. */
  readonly onHost: readonly string[]
  /**
   * Gives an input its value, which is copied. Every input is written before every run; where the plan keeps inputs, before the first.
   * @param input its name
   * @param value of the input's shape
   * @throws KerfError `unknown-input`
   */
  write(input: string, value: Dense): void
  /**
   * The memory of a float32 input, for callers who write there themselves. Where the plan keeps inputs it stays what it is; and where it is, until a
   * program is compiled beside this one.
   * @param name of the input
   * @throws KerfError `unknown-input`
   */
  input(name: string): Float32Array
  /**
   * Calculates the outputs from the inputs.
   * @param work stops the run
   * @throws KerfError `worker-ended`, `aborted`: the next run is right again
   */
  run(work?: Work): Promise<void>
  /**
   * A run of which every task is timed by itself.
   * @param report is told each task when it is done, and what did it
   * @param work stops it
   * @throws KerfError `bad-options` where tasks cannot be told apart, `aborted`
   */
  profile(report: (task: Task, timeMs: number, kernels: readonly string[]) => void, work?: Work): Promise<void>
  /**
   * What the last run made, of the type that is calculated in. Memory of the program, which the next run writes to.
   * @param output its name
   * @throws KerfError `unknown-output`
   */
  read(output: string): Dense
  /** Lets go of threads and memory. Kept when they are gone. */
  dispose(): Promise<void>
}

/** What a program holds, in bytes. */
export interface ProgramMemory {
  /** Bytes of the arena that activations share. */
  readonly arena: number
  /** What they would take side by side. */
  readonly sum: number
  /** Everything, packed weights included. */
  readonly total: number
  /** What the reference held besides in the last run, for the nodes that are left to it. */
  readonly host: number
}

/** The error of a program that has no value called `name` among its inputs, or outputs (`kind`). */
export const unknownValue = (kind: 'input' | 'output', name: string): KerfError =>
  new KerfError(`unknown-${kind}`, `The program has no ${kind} "${name}".`, { name })
