import { defineConfig } from 'vitest/config'
import { hasRelaxedSimd } from './src/runtime/backends/wasm/engine/module.ts'

const kernels = ['src/runtime/backends/wasm/**/*.test.ts']

export default defineConfig({
  test: {
    // Numerical sweeps and whole networks are slow on small machines; a hang still ends.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Processes, because native addons and out-of-memory failures must not take the other tests with them.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'kerf', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
      // Browsers and newer versions of Node take the kernels that are compiled for relaxed SIMD; Node 20 has it behind a flag.
      ...(hasRelaxedSimd()
        ? []
        : [
            {
              extends: true as const,
              test: { name: 'relaxed SIMD', include: kernels, execArgv: ['--experimental-wasm-relaxed-simd'] },
            },
          ]),
    ],
  },
})
