import { describe, expect, it, vi } from 'vitest'
import { hasApart, KernelsApart } from './kernels-apart.node.ts'

const missing = hasApart('AVX2')
  ? ''
  : ' (skipped: no program with AddressSanitizer; clang and libclang-rt-dev make one)'
const missingNeon = hasApart('NEON') ? '' : ' (skipped: no program for arm64, or no qemu-user-static to run it)'

describe('kernels apart', () => {
  it.skipIf(missingNeon !== '')(`are tested for arm64${missingNeon}`, () => {
    // By all tests of steps: a project of its own in vitest.config.ts.
    expect(new KernelsApart('NEON').instructions).toBe('NEON')
  })
  it.skipIf(missing !== '')(`are ended where they read what is no allocation${missing}`, async () => {
    vi.stubEnv('KERF_APART', 'AVX2')
    vi.resetModules()
    const { StepBench } = await import('./step-bench.node.ts')
    const { lowerDense } = await import('./convolution/layer.ts')
    const bench = new StepBench(1 << 20)
    const sizes = { rows: 1, inFeatures: 16, outFeatures: 3 }
    const tensors = { y: bench.result(3), weights: new Float32Array(48).fill(1), transposed: true, lo: -99, hi: 99 }
    const dense = (x: number) => lowerDense(sizes, { ...tensors, x }, bench)
    const x = bench.floats(new Float32Array(16).fill(1))
    bench.run(dense(x))
    expect([...bench.read(tensors.y, 3)]).toEqual([16, 16, 16])
    expect(() => bench.run(dense(x + 4))).toThrow('AddressSanitizer: use-after-poison')
  })
})
