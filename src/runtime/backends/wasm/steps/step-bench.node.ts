// Runs the steps of a lowering on a memory of their own, on any number of threads: one after the other, each with its share. So a share that
// is done twice or by nobody shows, without workers. In machine code where there is such, unless KERF_NATIVE is 0.

import { nativeKernels } from '../../../native.node.ts'
import { control } from '../engine/kernels.generated.ts'
import { allBinaries, type Instructions, instantiate, type Kernels, loadBinaries } from '../engine/module.ts'
import { kernelsApart } from './kernels-apart.node.ts'
import { type Allocator, programBytes, type Step, writeProgram } from './step.ts'

/** Floats on either side of every allocation: read, they spoil the result; written, they are missed. */
const guard = 16
const canary = 12345.678

await loadBinaries(allBinaries)

export class StepBench implements Allocator {
  readonly memory: WebAssembly.Memory
  readonly #apart = kernelsApart()
  readonly native = this.#apart ?? nativeKernels()
  readonly #kernels: Kernels
  #next: number = control.firstFree
  #guards: number[] = []

  constructor(bytes = 1 << 24, instructions?: Instructions) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil((bytes + control.firstFree) / 65536), maximum: 65536 })
    this.#kernels = instantiate(this.memory, { instructions, native: this.native, binaries: allBinaries })
  }

  /** Forgets everything. */
  reset(): void {
    this.#next = control.firstFree
    this.#guards = []
  }

  alloc(bytes: number): number {
    this.#guard()
    const at = Math.ceil(this.#next / 64) * 64
    this.#next = at + bytes
    this.#next = Math.ceil(this.#next / 4) * 4
    this.#guard()
    new Uint8Array(this.memory.buffer, at, bytes).fill(0)
    return at
  }

  /** Scratch memory holds nothing before: here NaN. */
  scratch(bytes: number): number {
    const at = this.alloc(bytes)
    new Float32Array(this.memory.buffer, at, bytes / 4).fill(Number.NaN)
    return at
  }

  floats(values: ArrayLike<number>): number {
    const at = this.alloc(4 * values.length)
    new Float32Array(this.memory.buffer, at, values.length).set(values)
    return at
  }

  bytes(values: ArrayLike<number>): number {
    const at = this.alloc(values.length)
    new Uint8Array(this.memory.buffer, at, values.length).set(values)
    return at
  }

  /** Room for a result. */
  result(count: number): number {
    return this.scratch(4 * count)
  }

  /**
   * @param late all threads but the first come when it is done with its share, and with as much of theirs as a kernel lets it do; otherwise each
   *   does its own
   * @throws Error when something outside of all allocations was written
   */
  run(steps: readonly Step[], threads = 1, late = false): void {
    for (const step of steps) {
      const program = this.alloc(programBytes([step]))
      writeProgram(this.memory, program, [step], 1, this.native)
      this.#runInTurns(program, threads, late)
    }
    for (const at of this.#guards)
      if (new Float32Array(this.memory.buffer, at, guard).some((v) => v !== Math.fround(canary)))
        throw new Error(`something was written at ${at}, outside of all allocations`)
  }

  read(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count).slice()
  }

  /** One step as `threads` threads would do it, one after the other. */
  #runInTurns(program: number, threads: number, late: boolean): void {
    const view = new DataView(this.memory.buffer)
    this.#apart?.within(
      this.#next,
      this.#guards.map((at) => [at, 4 * guard]),
    )
    for (let thread = 0; thread < threads; thread++) {
      // The others have arrived at the barrier already.
      view.setInt32(control.arrived, threads - 1, true)
      // And nothing is left of what this thread is not to do.
      for (let owner = 0; owner < threads; owner++) {
        const isLeft = late ? thread === 0 : thread === owner
        view.setInt32(control.taken + control.takenStep * owner, isLeft ? 0 : 2 ** 30, true)
      }
      this.#kernels.run(program, 1, thread, threads)
    }
  }

  #guard(): void {
    this.#guards.push(this.#next)
    new Float32Array(this.memory.buffer, this.#next, guard).fill(canary)
    this.#next += 4 * guard
  }
}

/** The greatest |actual − expected| / max(|expected|, floor); Infinity where one is NaN or infinite and the other is not the same. */
export function greatestError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-30): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < actual.length; i++) {
    const a = actual[i]!
    const e = expected[i]!
    if (Object.is(a, e) || a === e) continue
    const error = Math.abs(a - e) / Math.max(Math.abs(e), floor)
    worst = Math.max(worst, Number.isFinite(e) && Number.isFinite(error) ? error : Number.POSITIVE_INFINITY)
  }
  return worst
}

/** Where two arrays first differ, -1 if nowhere. (The test runner's own comparison of large arrays takes seconds.) */
export function firstDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) if (actual[i] !== expected[i]) return i
  return -1
}
