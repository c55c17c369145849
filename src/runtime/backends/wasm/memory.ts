import { KerfError } from '../../../base/index.ts'
import { control } from './kernels.generated.ts'
import type { Allocator } from './step.ts'

const page = 65536
const align = (n: number): number => Math.ceil(n / 64) * 64

/** The memory of one plan: arena, scratch, and behind them what lives as long as the plan. Grows while the plan is made, never after. */
export class PlanMemory implements Allocator {
  readonly memory: WebAssembly.Memory
  readonly arena: number
  readonly #scratch: number
  readonly #scratchBytes: number
  #scratchUsed = 0
  /** Scratch memory that tasks took beyond what was foreseen: others may have it after them. */
  readonly #spilt: { readonly at: number; readonly bytes: number; taken: boolean }[] = []
  #next: number

  /**
   * @param lasting what will at least be allocated: missing it now is better than after reading gigabytes of weights, and memory that grows step by
   *   step sends the garbage collector around. Pages take no room before they are touched
   * @param shared for threads: needs SharedArrayBuffer
   * @throws KerfError `out-of-memory` when it does not fit into what WebAssembly can address (4 GiB) or the machine has
   */
  constructor(arenaBytes: number, scratchBytes: number, lasting: number, shared: boolean) {
    this.arena = align(control.firstFree)
    this.#scratch = align(this.arena + arenaBytes)
    this.#scratchBytes = scratchBytes
    this.#next = align(this.#scratch + scratchBytes)
    const initial = Math.ceil((this.#next + lasting) / page)
    if (initial > page) throw outOfMemory(this.#next + lasting)
    try {
      this.memory = new WebAssembly.Memory({ initial, maximum: page, shared })
    } catch {
      throw outOfMemory(this.#next + lasting)
    }
  }

  alloc(bytes: number): number {
    const at = this.#next
    this.#next = align(at + bytes)
    const missing = Math.ceil((this.#next - this.memory.buffer.byteLength) / page)
    if (missing > 0) {
      try {
        this.memory.grow(missing)
      } catch {
        throw outOfMemory(this.#next)
      }
    }
    return at
  }

  /** Takes lasting memory when a task wants more than was foreseen. */
  scratch(bytes: number): number {
    const at = this.#scratchUsed
    if (at + bytes > this.#scratchBytes) return this.#spill(bytes)
    this.#scratchUsed = align(at + bytes)
    return this.#scratch + at
  }

  #spill(bytes: number): number {
    const free = this.#spilt.filter((s) => !s.taken && s.bytes >= bytes).sort((a, b) => a.bytes - b.bytes)[0]
    if (free) {
      free.taken = true
      return free.at
    }
    const at = this.alloc(bytes)
    this.#spilt.push({ at, bytes, taken: true })
    return at
  }

  /** To be called before each task is lowered. */
  releaseScratch(): void {
    this.#scratchUsed = 0
    for (const spilt of this.#spilt) spilt.taken = false
  }

  get bytes(): number {
    return this.#next
  }
}

const outOfMemory = (bytes: number): KerfError =>
  new KerfError(
    'out-of-memory',
    `The plan needs ${(bytes / 2 ** 20).toFixed(0)} MiB or more, which this machine or WebAssembly (4096 MiB) does not give. Use a smaller batch or input.`,
    { bytes },
  )
