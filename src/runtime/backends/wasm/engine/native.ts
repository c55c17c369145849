import { type KernelName, kernels } from './kernels.generated.ts'

/** Does a kernel: its number, the address of its arguments, which thread of how many. */
export type NativeRun = (kernel: number, args: number, thread: number, threads: number) => void

/** Kernels in machine code that work on WebAssembly's memory where it lies: in Node, where there are such for the processor. */
export interface NativeKernels {
  /** The instructions that they use: AVX-512, AVX-VNNI, AVX2, NEON-DotProd, NEON. */
  readonly instructions: string
  /** Where the library lies: each thread loads it. */
  readonly path: string
  /** Numbers of the kernels that there are. */
  readonly kernels: readonly number[]
  /**
   * @param bytes all of a memory; it has to be bound anew when that has grown
   * @returns what does kernels on it
   */
  bind(bytes: Uint8Array): NativeRun
}

/** Whether steps of a kernel are done in machine code. */
export const inMachineCode = (kernel: KernelName, native: NativeKernels | undefined): boolean =>
  native?.kernels.includes(kernels[kernel].id) ?? false

/** What kernels/index.ts calls for kernels in machine code. */
export function nativeRunFor(memory: WebAssembly.Memory, native: NativeKernels | undefined): NativeRun {
  if (!native) return () => {}
  let { buffer } = memory
  let run = native.bind(new Uint8Array(buffer))
  return (kernel, args, thread, threads) => {
    if (memory.buffer !== buffer) {
      buffer = memory.buffer
      run = native.bind(new Uint8Array(buffer))
    }
    run(kernel, args, thread, threads)
  }
}
