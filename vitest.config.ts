import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { hasRelaxedSimd } from './src/runtime/backends/wasm/engine/module.ts'
import { hasApart } from './src/runtime/backends/wasm/steps/kernels-apart.node.ts'
import { loadNative, nativeKernels } from './src/runtime/native.node.ts'

/** They need a process of their own: they put other modules in the place of some (vi.mock), or measure what the heap holds. */
const alone = ['src/base/folder.test.ts', 'src/runtime/steady-runs.test.ts']
const kernels = ['src/runtime/backends/wasm/**/*.test.ts']
const steps = ['src/runtime/backends/wasm/steps/**/*.test.ts']
const codes = ['codes', 'adder'].map((folder) => `src/runtime/backends/wasm/steps/${folder}/*.test.ts`)

// Examples import Kerf by the names of its entry points: here they get the sources, not what was built last.
const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const sourceOf = (file: string) => fileURLToPath(new URL(`src/api/${basename(file, '.js')}.ts`, import.meta.url))
const alias = Object.entries(exports).flatMap(([name, to]) => {
  const { node, default: file } = to as { readonly node?: { readonly default: string }; readonly default?: string }
  const target = node?.default ?? file
  return target ? [{ find: new RegExp(`^kerf${name.slice(1)}$`), replacement: sourceOf(target) }] : []
})

/** It starts programs for kinds of kernels by itself. */
const ofAnyKind = ['src/runtime/backends/wasm/steps/kernels-apart.test.ts']

/** Kernels of one kind. */
const ofKind = (name: string, native: string, execArgv: string[] = []) => ({
  extends: true as const,
  test: { name, include: kernels, exclude: ofAnyKind, env: { KERF_NATIVE: native }, execArgv },
})

/** Sets of instructions that differ from another one only in products of codes. */
const forCodes = ['NEON-DotProd', 'AVX-VNNI']

/** Instructions of kernels that are run apart: arm64's under qemu, and this machine's with AddressSanitizer. */
const native = nativeKernels()
const best = native?.instructions
const own = native ? ['AVX2', 'AVX-VNNI', 'AVX-512'].filter((name) => loadNative(native.path, name)) : []
const apart = native ? ['NEON', 'NEON-DotProd', ...own].filter(hasApart) : []
const inApart = (name: string) => ({
  extends: true as const,
  test: {
    ...{ name: `${name}, apart`, include: forCodes.includes(name) ? codes : steps, exclude: ofAnyKind },
    env: { KERF_APART: name },
  },
})

export default defineConfig({
  resolve: { alias },
  test: {
    // Numerical sweeps and whole networks are slow on small machines; a hang still ends.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes late where the machine is busy.
    expect: { poll: { timeout: 30_000 } },
    // Processes, because native addons and out-of-memory failures must not take the other tests with them.
    pool: 'forks',
    maxWorkers: 2,
    // Files of a process share modules: loading them takes longer than most tests. What a test puts in the place of something is put back.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'kerf',
          include: ['src/**/*.test.ts', 'studio/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: alone,
        },
      },
      { extends: true, test: { name: 'alone', include: alone, isolate: true } },
      // Browsers, machines that there is no machine code for, and those that have less than this one.
      ...(best ? [ofKind('WebAssembly', '0')] : []),
      ...(best === 'AVX-512' && !apart.includes('AVX2') ? [ofKind('AVX2', 'AVX2')] : []),
      ...apart.map(inApart),
      // Browsers and newer versions of Node take the kernels that are compiled for relaxed SIMD; Node 20 has it behind a flag.
      ...(hasRelaxedSimd() ? [] : [ofKind('relaxed SIMD', '0', ['--experimental-wasm-relaxed-simd'])]),
    ],
  },
})
