import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { tableVersion } from './backends/wasm/engine/kernels.generated.ts'
import type { NativeKernels } from './backends/wasm/engine/native.ts'

/** What native/module.c exports. */
interface Library {
  readonly table: string
  readonly instructions?: string
  bind: NativeKernels['bind']
}

/** From this file, and from the chunk that holds it where the package is built; programs that are bundled into one file do not have it. */
const path = fileURLToPath(new URL(`../../native/build/kerf-${process.platform}-${process.arch}.node`, import.meta.url))

let loaded: { readonly kernels: NativeKernels | undefined } | undefined

/** Kernels in machine code; undefined where there are none for this system and processor, Node loads no such libraries, or `KERF_NATIVE` is 0. */
export function nativeKernels(): NativeKernels | undefined {
  if (process.env.KERF_NATIVE === '0') return undefined
  loaded ??= { kernels: loadNative(path) }
  return loaded.kernels
}

/** @returns undefined where it is no library for this process, or one for another table of kernels */
export function loadNative(path: string): NativeKernels | undefined {
  let library: Library
  try {
    library = createRequire(import.meta.url)(path)
  } catch {
    // Not there, or not for here: WebAssembly does the same.
    return undefined
  }
  const { table, instructions, bind } = library
  return table === tableVersion && instructions ? { instructions, path, bind } : undefined
}
