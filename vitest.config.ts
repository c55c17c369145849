import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Numerical sweeps and whole networks are slow on small machines; a hang still ends.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Processes, because native addons and out-of-memory failures must not take the other tests with them.
    pool: 'forks',
    maxWorkers: 2,
  },
})
