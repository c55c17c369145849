import { askMemory, getOrAdd, KerfError } from '../../../../base/index.ts'
import type { Allocator } from '../steps/step.ts'
import { control } from './kernels.generated.ts'
import type { NativeKernels } from './native.ts'

const page = 65536
/** Kernels read whole vectors, the last up to so far behind what they were given; they make nothing of it. */
const readAhead = 64
const align = (n: number): number => Math.ceil(n / 64) * 64

interface Block {
  readonly at: number
  readonly bytes: number
}

const smallest = (blocks: readonly Block[]): Block | undefined =>
  blocks.reduce<Block | undefined>((least, block) => (least && least.bytes <= block.bytes ? least : block), undefined)

/** Bytes that programs which never run at the same time have together. */
interface Workspace extends Block {
  users: number
}

/** What was made of stored weights, and for how many programs. */
interface Packed {
  readonly value: unknown
  readonly blocks: readonly Block[]
  users: number
}

/** The memory of the programs of one session. It grows while one is compiled, never while one runs. */
export class DeviceMemory {
  readonly memory: WebAssembly.Memory
  readonly native: NativeKernels | undefined
  #next = align(control.firstFree)
  /** Given back, in the order of their addresses, apart from each other. */
  #free: Block[] = []
  readonly #workspaces: Workspace[] = []
  /** Scratch memory that tasks took beyond what was foreseen: all others, of all programs, may have it after them. */
  readonly spilt: Block[] = []
  readonly #packed = new Map<string, Packed>()

  /**
   * @param expected bytes that will at least be taken: missing them now is better than after reading gigabytes of weights, and memory that grows step by
   *   step sends the garbage collector around. Pages take no room before they are touched
   * @param shared for threads: needs SharedArrayBuffer
   * @param native kernels that its programs are written for, besides WebAssembly's
   * @throws KerfError `out-of-memory` when it does not fit into what WebAssembly can address (4 GiB), the machine has, or the limit lets (`memoryLimit`)
   */
  constructor(expected: number, shared: boolean, native?: NativeKernels) {
    this.native = native
    const initial = Math.ceil((this.#next + expected + readAhead) / page)
    if (initial > page) throw outOfMemory(this.#next + expected)
    askMemory(this.#next + expected, 'The plan', smaller)
    try {
      this.memory = new WebAssembly.Memory({ initial, maximum: page, shared })
    } catch {
      throw outOfMemory(this.#next + expected)
    }
  }

  /** Zeroed, at a multiple of 64. */
  take(wanted: number): Block {
    const bytes = align(wanted)
    const found = smallest(this.#free.filter((block) => block.bytes >= bytes))
    if (found) {
      const { at, bytes: all } = found
      this.#free.splice(this.#free.indexOf(found), 1, ...(all > bytes ? [{ at: at + bytes, bytes: all - bytes }] : []))
      new Uint8Array(this.memory.buffer, at, bytes).fill(0)
      return { at, bytes }
    }
    const at = this.#next
    const missing = Math.ceil((at + bytes + readAhead - this.memory.buffer.byteLength) / page)
    if (missing > 0) {
      askMemory(at + bytes, 'The plan', smaller)
      try {
        this.memory.grow(missing)
      } catch {
        throw outOfMemory(at + bytes)
      }
    }
    this.#next = at + bytes
    return { at, bytes }
  }

  give(blocks: readonly Block[]): void {
    const all = [...this.#free, ...blocks].sort((a, b) => a.at - b.at)
    this.#free = []
    for (const block of all) {
      const last = this.#free.at(-1)
      if (last && last.at + last.bytes === block.at)
        this.#free[this.#free.length - 1] = { at: last.at, bytes: last.bytes + block.bytes }
      else this.#free.push(block)
    }
  }

  /** @param isOwn nobody else writes to it, ever */
  workspace(wanted: number, isOwn: boolean): Workspace {
    const bytes = align(wanted)
    const known = isOwn ? undefined : this.#workspaces.find((space) => space.bytes >= bytes)
    const space = known ?? { ...this.take(bytes), users: 0 }
    if (!known && !isOwn) this.#workspaces.push(space)
    space.users++
    return space
  }

  leave(space: Workspace): void {
    if (--space.users > 0) return
    const at = this.#workspaces.indexOf(space)
    if (at >= 0) this.#workspaces.splice(at, 1)
    this.give([space])
  }

  /** @param make adds what it takes to the list that it is given */
  packed(key: string, make: (blocks: Block[]) => unknown): Packed {
    const packed = getOrAdd(this.#packed, key, () => {
      const blocks: Block[] = []
      try {
        return { value: make(blocks), blocks, users: 0 }
      } catch (error) {
        this.give(blocks)
        throw error
      }
    })
    packed.users++
    return packed
  }

  unpacked(key: string): void {
    const packed = this.#packed.get(key)!
    if (--packed.users > 0) return
    this.#packed.delete(key)
    this.give(packed.blocks)
  }

  get bytes(): number {
    return this.#next
  }
}

/** What one program has of it: arena, scratch, and what lives as long as the program. */
export class ProgramMemory implements Allocator {
  readonly arena: number
  readonly #device: DeviceMemory
  readonly #workspace: Workspace
  readonly #scratch: number
  readonly #scratchBytes: number
  #scratchUsed = 0
  /** What this task has of the memory that was spilt. */
  readonly #taken = new Set<Block>()
  readonly #own: Block[] = []
  readonly #packed = new Set<string>()

  /** @param isOwn the arena keeps values from run to run */
  constructor(device: DeviceMemory, arenaBytes: number, scratchBytes: number, isOwn: boolean) {
    this.#device = device
    this.#workspace = device.workspace(align(arenaBytes) + scratchBytes, isOwn)
    this.arena = this.#workspace.at
    this.#scratch = this.arena + align(arenaBytes)
    this.#scratchBytes = scratchBytes
  }

  get memory(): WebAssembly.Memory {
    return this.#device.memory
  }

  get native(): NativeKernels | undefined {
    return this.#device.native
  }

  alloc(bytes: number): number {
    const block = this.#device.take(bytes)
    this.#own.push(block)
    return block.at
  }

  /** Takes more memory when a task wants more than was foreseen. */
  scratch(bytes: number): number {
    const at = this.#scratchUsed
    if (at + bytes > this.#scratchBytes) return this.#spill(bytes)
    this.#scratchUsed = align(at + bytes)
    return this.#scratch + at
  }

  #spill(bytes: number): number {
    const { spilt } = this.#device
    const free = smallest(spilt.filter((s) => !this.#taken.has(s) && s.bytes >= bytes))
    const block = free ?? this.#device.take(bytes)
    if (!free) spilt.push(block)
    this.#taken.add(block)
    return block.at
  }

  /** To be called before each task is lowered. */
  releaseScratch(): void {
    this.#scratchUsed = 0
    this.#taken.clear()
  }

  /**
   * The same for a layer's weights, which are packed once for all programs beside each other.
   * @param layer what is packed: a node and what is stored as its inputs
   */
  packing(layer: string): Allocator {
    const device = this.#device
    return {
      memory: this.memory,
      native: this.native,
      alloc: (bytes) => this.alloc(bytes),
      scratch: (bytes) => this.scratch(bytes),
      once: <T>(how: string, make: (alloc: (bytes: number) => number) => T): T => {
        const key = `${layer} ${how}`
        const packed = device.packed(key, (blocks) =>
          make((bytes) => {
            const block = device.take(bytes)
            blocks.push(block)
            return block.at
          }),
        )
        if (this.#packed.has(key)) device.unpacked(key)
        this.#packed.add(key)
        return packed.value as T
      },
    }
  }

  dispose(): void {
    for (const key of this.#packed) this.#device.unpacked(key)
    this.#device.give(this.#own)
    this.#device.leave(this.#workspace)
  }
}

const smaller = 'Use a smaller batch or input'

const outOfMemory = (bytes: number): KerfError =>
  new KerfError(
    'out-of-memory',
    `The plan needs ${(bytes / 2 ** 20).toFixed(0)} MiB or more, which this machine or WebAssembly (4096 MiB) does not give. ${smaller}.`,
    { bytes },
  )
