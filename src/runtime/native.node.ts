import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { getOrAdd } from '../base/index.ts'
import { tableVersion } from './backends/wasm/engine/kernels.generated.ts'
import type { NativeKernels } from './backends/wasm/engine/native.ts'

/** What native/module.c exports. */
interface Library {
  readonly table: string
  readonly kernels: readonly number[]
  /** For each set of instructions that the processor has, the best first. */
  readonly bind: Readonly<Record<string, NativeKernels['bind']>>
}

/** From this file, and from the chunk that holds it where the package is built; programs that are bundled into one file do not have it. */
const path = fileURLToPath(new URL(`../../native/build/kerf-${process.platform}-${process.arch}.node`, import.meta.url))

const loaded = new Map<string, NativeKernels | undefined>()

/**
 * Kernels in machine code; undefined where there are none for this system and processor, Node loads no such libraries, or `KERF_NATIVE` is 0. Other values name the
 * instructions, as AVX2.
 */
export function nativeKernels(): NativeKernels | undefined {
  const { KERF_NATIVE: wanted = '' } = process.env
  return getOrAdd(loaded, wanted, () => (wanted === '0' ? undefined : loadNative(path, wanted)))
}

/**
 * @param wanted the set of instructions, or '' for the best
 * @returns undefined where it is no library for this process, or one for another table of kernels
 */
export function loadNative(path: string, wanted = process.env.KERF_NATIVE): NativeKernels | undefined {
  let library: Library
  try {
    library = createRequire(import.meta.url)(path)
  } catch {
    // Not there, or not for here: WebAssembly does the same.
    return undefined
  }
  if (library.table !== tableVersion) return undefined
  const [first] = Object.entries(library.bind).filter(([name]) => !wanted || name === wanted)
  return first && { instructions: first[0], path, kernels: library.kernels, bind: first[1] }
}
