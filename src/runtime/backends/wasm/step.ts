import type { KernelName } from './abi.ts'

/** Where lowerings put what they need: packed weights, tables, temporary buffers. Addresses are bytes into `memory`, multiples of 64. */
export interface Allocator {
  /** Zeroed bytes that live as long as the plan: packed weights, index tables. */
  alloc(bytes: number): number
  /** Bytes that the steps of one node may use while they run; they hold nothing before and keep nothing after. */
  scratch(bytes: number): number
  /** Its buffer is replaced when the memory grows: take views after the last allocation. */
  readonly memory: WebAssembly.Memory
}

/** One kernel with its arguments by name, as `abi.ts` lists them. */
export type Step = { readonly kernel: KernelName; readonly args: Readonly<Record<string, number>> }
