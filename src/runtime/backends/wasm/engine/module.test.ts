import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { packKernels } from '../../../../../scripts/pack-kernels.ts'
import { binaries } from './binaries.generated.ts'
import { hasRelaxedSimd, unpackKernels } from './module.ts'

/** What `f32x4.relaxed_madd` is in a binary. */
const madd = [0xfd, 0x85, 0x02]
const countOf = (bytes: Uint8Array, sequence: readonly number[]): number =>
  bytes.reduce((count, _, at) => count + Number(sequence.every((byte, i) => bytes[at + i] === byte)), 0)

it('the kernels are packed, unpacked and packed again', () => {
  expect(binaries.kernels).toMatch(/^[^"'`$\\<]*$/)
  const kernels = unpackKernels('relaxed')
  expect([...kernels.subarray(0, 8)]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
  expect(WebAssembly.validate(kernels)).toBe(hasRelaxedSimd())
  expect(packKernels(kernels, Uint8Array.from(Buffer.from(binaries.unpack, 'base64')))).toBe(binaries.kernels)
})

it('their text compresses better than they do', () => {
  expect(gzipSync(binaries.kernels).length).toBeLessThan(0.86 * gzipSync(unpackKernels('relaxed')).length)
})

it('without relaxed SIMD nothing of it is left', () => {
  const [relaxed, simd] = [unpackKernels('relaxed'), unpackKernels('simd')]
  expect(countOf(relaxed, madd)).toBeGreaterThan(100)
  expect(countOf(simd, madd)).toBe(0)
  expect(WebAssembly.validate(simd)).toBe(true)
})
