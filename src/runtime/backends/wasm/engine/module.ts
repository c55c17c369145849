import { getOrAdd, KerfError } from '../../../../base/index.ts'
import { binary as first } from './binaries/kernels.generated.ts'
import { binary as unpacker } from './binaries/unpack.generated.ts'
import { type BinaryName, binaries, type KernelName, kernels } from './kernels.generated.ts'
import { inMachineCode, type NativeKernels, nativeRunFor } from './native.ts'
import { shareMemory } from './shared-memory.ts'

/** Instruction sets that the kernels are compiled for. */
export type Instructions = 'simd' | 'relaxed'

/** A function of one i32x4.relaxed_trunc_f32x4_s: valid only where the engine has relaxed SIMD. */
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
])

/** Whether this engine has relaxed SIMD (Node ≥ 22, current Chrome; Node 20 behind a flag). */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(relaxedProbe)

/** `(a, b, c) => dot`: c + 4 products of a, as a signed byte, and b; one lane of i32x4.relaxed_dot_i8x16_i7x16_add_s. */
const dotProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 127, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 100, 111, 116, 0, 0, 10,
  22, 1, 20, 0, 32, 0, 253, 15, 32, 1, 253, 15, 32, 2, 253, 17, 253, 147, 2, 253, 27, 0, 11,
])

/** What relaxed dot products of this engine are exact for. */
export interface ExactDots {
  /**
   * Up to which second operand. 255: the engine has one instruction for them. 127: it has not, as the specification allows; three make sums of two products in
   * 16 bits, which overflow, or the byte is taken as signed. 0: there are none, or they are wrong (Node 20, where they are behind a flag, forgets c).
   */
  readonly products: 0 | 127 | 255
  /** Whether sums of any bytes are, which are products with ones. */
  readonly sums: boolean
}

/** Found out once, by trying. */
export function exactDots(): ExactDots {
  exact ??= hasRelaxedSimd() ? probeDots() : { products: 0, sums: false }
  return exact
}

let exact: ExactDots | undefined

function probeDots(): ExactDots {
  const { exports } = new WebAssembly.Instance(compiled(dotProbe))
  // What the probe exports.
  const { dot } = exports as unknown as { dot(a: number, b: number, c: number): number }
  const isExact = (b: number) => [127, 1, -3, -128].every((a) => dot(a, b, 5) === 4 * a * b + 5)
  const sums = [0, 1, 127, 128, 255].every((b) => dot(1, b, 5) === 4 * b + 5)
  if (!isExact(127) || !isExact(3)) return { products: 0, sums: false }
  return { products: isExact(255) && isExact(128) ? 255 : 127, sums }
}

const bestInstructions = (): Instructions => (hasRelaxedSimd() ? 'relaxed' : 'simd')

/** @throws KerfError `wasm-blocked` where a page forbids to compile */
function compiled(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes)
  } catch (error) {
    // What is wrong with the bytes would be wrong everywhere.
    if (!/security policy|wasm-unsafe-eval|unsafe-eval/i.test((error as Error).message)) throw error
    throw new KerfError(
      'wasm-blocked',
      "The page's Content-Security-Policy forbids WebAssembly. Allow it: script-src 'wasm-unsafe-eval'; or use the slow { backend: 'reference' }.",
      { why: (error as Error).message },
    )
  }
}

/** Where the text is laid for kernels/unpack.ts, and where it puts the module. */
const textAddress = 1024
const moduleAddress = 1 << 18

/** Binaries as text: what there is from the start, and what has been loaded since. */
const texts = new Map<BinaryName | 'kernels', string>([['kernels', first]])

const loads: Readonly<Record<BinaryName, () => Promise<{ readonly binary: string }>>> = {
  codes: () => import('./binaries/codes.generated.ts'),
  training: () => import('./binaries/training.generated.ts'),
}

/** Every binary besides the first. */
export const allBinaries = Object.keys(binaries) as BinaryName[]

/**
 * Binaries besides the first that programs with these kernels need.
 * @param native what does some of them
 */
export function binariesOf(used: readonly KernelName[], native: NativeKernels | undefined): BinaryName[] {
  const places = used.map(
    (kernel) => !inMachineCode(kernel, native) && allBinaries.findLast((name) => kernels[kernel].id >= binaries[name]),
  )
  return allBinaries.filter((name) => places.includes(name))
}

/** To be called before programs with their kernels are run. */
export async function loadBinaries(names: readonly BinaryName[]): Promise<void> {
  for (const name of names) if (!texts.has(name)) texts.set(name, (await loads[name]()).binary)
}

/** A binary of kernels that was loaded. Without relaxed SIMD each of its instructions is taken apart. */
export function unpackKernels(instructions: Instructions, name: BinaryName | 'kernels'): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(unpacker), (character) => character.charCodeAt(0))
  const { exports } = new WebAssembly.Instance(compiled(bytes))
  // What kernels/unpack.ts exports.
  const { memory, unpack } = exports as unknown as {
    memory: WebAssembly.Memory
    unpack(text: number, relaxed: boolean): number
  }
  new TextEncoder().encodeInto(texts.get(name)!, new Uint8Array(memory.buffer, textAddress))
  const length = unpack(textAddress, instructions === 'relaxed')
  return new Uint8Array(memory.buffer.slice(moduleAddress, moduleAddress + length))
}

const modules = new Map<string, WebAssembly.Module>()

/** Modules of kernels, compiled for such a memory, shared or not; each compiled once per process. */
export interface KernelModules {
  /** The one that runs programs. */
  readonly first: WebAssembly.Module
  /** Those whose kernels it calls, by the names under which it imports them. */
  readonly others: readonly (readonly [name: BinaryName, module: WebAssembly.Module])[]
}

/** @param more binaries besides the first, which were loaded */
export function kernelModules(
  memory: WebAssembly.Memory,
  more: readonly BinaryName[] = [],
  instructions = bestInstructions(),
): KernelModules {
  const isShared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer
  const moduleOf = (name: BinaryName | 'kernels') =>
    getOrAdd(modules, `${name} ${instructions} ${isShared}`, () => {
      const bytes = unpackKernels(instructions, name)
      if (isShared) shareMemory(bytes)
      return compiled(bytes)
    })
  return { first: moduleOf('kernels'), others: more.map((name) => [name, moduleOf(name)] as const) }
}

export interface Kernels {
  /** Runs a program; see kernels/index.ts. */
  run(program: number, steps: number, thread: number, threads: number): number
}

/** Which kernels. */
export interface KernelOptions {
  /** Default: the best that there are. */
  readonly instructions?: Instructions
  /** What does the steps that are written for machine code. */
  readonly native?: NativeKernels
  /** Besides the first. */
  readonly binaries?: readonly BinaryName[]
}

/** What runs programs on a memory, of binaries that were loaded. `workerSource` does the same. */
export function instantiate(memory: WebAssembly.Memory, options: KernelOptions = {}): Kernels {
  const { first, others } = kernelModules(memory, options.binaries, options.instructions)
  const missing = () => {
    throw new Error('A kernel was called whose binary is not loaded.')
  }
  const env: WebAssembly.ModuleImports = { memory, abort() {}, native: nativeRunFor(memory, options.native) }
  for (const name of allBinaries) env[name] = missing
  for (const [name, module] of others) env[name] = new WebAssembly.Instance(module, { env }).exports.call!
  // What kernels/index.ts exports.
  return new WebAssembly.Instance(first, { env }).exports as unknown as Kernels
}
