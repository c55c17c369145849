/*
 * What TypeScript and the kernels (kernels/, AssemblyScript) agree on: where things lie in memory, the numbers of kernels, and the order of
 * their arguments. Both sides change together.
 *
 * Memory, from address 0:
 *   0      control block: i32 epoch (0), threads done (4), threads at the barrier (8), barrier generation (12), program (16), steps (20),
 *          threads (24), failed step (28)
 *   1024   static data of the compiler, if any
 *   4096   everything that the plan lays out: programs, arguments, packed weights, the arena
 */

export const control = {
  epoch: 0,
  done: 4,
  arrived: 8,
  generation: 12,
  program: 16,
  steps: 20,
  threads: 24,
  failed: 28,
} as const

/** First address that a plan may use. */
export const firstFree = 4096

/**
 * Kernels by name: their number in `kernels/index.ts`, and their arguments in order, 4 bytes each: addresses and counts are i32, names that
 * end in F are f32.
 */
export const kernels = {
  copyF32: { id: 0, args: ['x', 'y', 'count'] },
} as const satisfies Record<string, { readonly id: number; readonly args: readonly string[] }>

export type KernelName = keyof typeof kernels
export type KernelArgs<K extends KernelName> = Readonly<Record<(typeof kernels)[K]['args'][number], number>>

/** Writes one kernel's arguments at an address. */
export function writeArgs<K extends KernelName>(
  view: DataView,
  address: number,
  kernel: K,
  values: KernelArgs<K>,
): void {
  kernels[kernel].args.forEach((name, i) => {
    const value = (values as Record<string, number>)[name] as number
    if (name.endsWith('F')) view.setFloat32(address + 4 * i, value, true)
    else view.setInt32(address + 4 * i, value, true)
  })
}
