import { type ArgLayout, type KernelArgs, type KernelName, kernels, program } from '../engine/kernels.generated.ts'
import { inMachineCode, type NativeKernels } from '../engine/native.ts'

/** Where lowerings put what they need: packed weights, tables, temporary buffers. Addresses are bytes into `memory`, multiples of 64. */
export interface Allocator {
  /** Zeroed bytes that live as long as the plan: packed weights, index tables. */
  alloc(bytes: number): number
  /** Bytes that the steps of one node may use while they run; they hold nothing before and keep nothing after. */
  scratch(bytes: number): number
  /** Its buffer is replaced when the memory grows: take views after the last allocation. */
  readonly memory: WebAssembly.Memory
  /** Kernels in machine code that do the steps, where there are such. */
  readonly native?: NativeKernels
  /**
   * What a layer's weights are packed to, made once for all plans of a session.
   * @param how everything that it depends on besides the layer and its stored inputs: the kernel, the order of taps
   * @param make allocates by what it is given, and says where; only what it makes of stored inputs is the same for all
   */
  once?<T>(how: string, make: (alloc: Allocator['alloc']) => T): T
}

/** `Allocator.once`, where there is nobody to share with, too. */
export const once = <T>(allocator: Allocator, how: string, make: (alloc: Allocator['alloc']) => T): T =>
  allocator.once ? allocator.once(how, make) : make((bytes) => allocator.alloc(bytes))

export interface StepOf<K extends KernelName> {
  readonly kernel: K
  readonly args: KernelArgs[K]
}

/** One call of a kernel, with its arguments by name as kernels/table.ts lists them. */
export type Step = { readonly [K in KernelName]: StepOf<K> }[KernelName]

/** @param args no fewer than the kernel has, and no others, however they are put together: what is misnamed does not compile */
export const step = <K extends KernelName, A extends KernelArgs[K]>(
  kernel: K,
  args: A & { readonly [Unknown in Exclude<keyof A, keyof KernelArgs[K]>]: never },
): StepOf<K> => ({ kernel, args })

const layoutOf = (kernel: KernelName): [name: string, layout: ArgLayout][] => Object.entries(kernels[kernel].args)

const argBytes = (kernel: KernelName): number =>
  layoutOf(kernel).reduce((sum, [, layout]) => sum + 4 * wordCount(layout), 0)

/** Bytes of a program that does the steps, one after the other, so many times, with their arguments behind it. */
export const programBytes = (steps: readonly Step[], times = 1): number =>
  steps.reduce((sum, { kernel }) => sum + program.stepBytes * times + argBytes(kernel), 0)

/**
 * Writes a program at an address. Its first steps, and those from any of them on, are programs, too.
 * @param native what does steps whose kernels are there in machine code
 */
export function writeProgram(
  memory: WebAssembly.Memory,
  address: number,
  steps: readonly Step[],
  times = 1,
  native?: NativeKernels,
): void {
  const view = new DataView(memory.buffer)
  let args = address + program.stepBytes * steps.length * times
  steps.forEach((step, i) => {
    for (let time = 0; time < times; time++) {
      const at = address + program.stepBytes * (time * steps.length + i)
      const { id } = kernels[step.kernel]
      view.setInt32(at, inMachineCode(step.kernel, native) ? ~id : id, true)
      view.setInt32(at + 4, args, true)
    }
    args = writeArgs(view, args, step)
  })
}

/** @returns where they end */
function writeArgs(view: DataView, address: number, { kernel, args }: Step): number {
  const values: Readonly<Record<string, ArgValue>> = args
  let at = address
  for (const [name, layout] of layoutOf(kernel)) {
    const words = wordsOf(values[name]!, layout)
    const sound = layout === 'f32' ? words.every((n) => typeof n === 'number') : words.every(Number.isSafeInteger)
    if (!sound || words.length !== wordCount(layout)) throw new TypeError(`${kernel}: ${name} is ${values[name]}`)
    for (const word of words) {
      if (layout === 'f32') view.setFloat32(at, word, true)
      else view.setInt32(at, word, true)
      at += 4
    }
  }
  return at
}

type ArgValue = number | boolean | string | readonly number[]

/** A value as numbers of 4 bytes. */
function wordsOf(value: ArgValue, layout: ArgLayout): readonly number[] {
  if (typeof value === 'string') return [typeof layout === 'object' ? layout.indexOf(value) : Number.NaN]
  return typeof value === 'object' ? value : [Number(value)]
}

const wordCount = (layout: ArgLayout): number => (typeof layout === 'number' ? layout : 1)
