import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { packKernels } from '../../../../../scripts/pack-kernels.ts'
import { binary as codes } from './binaries/codes.generated.ts'
import { binary as first } from './binaries/kernels.generated.ts'
import { binary as training } from './binaries/training.generated.ts'
import { binary as unpacker } from './binaries/unpack.generated.ts'
import { control, type KernelName, kernels } from './kernels.generated.ts'
import {
  allBinaries,
  binariesOf,
  hasRelaxedSimd,
  instantiate,
  kernelModules,
  loadBinaries,
  unpackKernels,
} from './module.ts'

await loadBinaries(allBinaries)

/** What `f32x4.relaxed_madd`, `f64x2.relaxed_madd` and the dot product are in a binary. */
const madd = [0xfd, 0x85, 0x02]
const maddF64 = [0xfd, 0x87, 0x02]
const dot = [0xfd, 0x93, 0x02]
const countOf = (bytes: Uint8Array, sequence: readonly number[]): number =>
  bytes.reduce((count, _, at) => count + Number(sequence.every((byte, i) => bytes[at + i] === byte)), 0)

describe.each([
  ['kernels', first, madd],
  ['codes', codes, dot],
  ['training', training, maddF64],
] as const)('the binary %s', (name, text, instruction) => {
  it('is packed, unpacked and packed again', () => {
    expect(text).toMatch(/^[^"'`$\\<]*$/)
    const kernels = unpackKernels('relaxed', name)
    expect([...kernels.subarray(0, 8)]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    expect(WebAssembly.validate(kernels)).toBe(hasRelaxedSimd())
    expect(packKernels(kernels, Uint8Array.from(Buffer.from(unpacker, 'base64')))).toBe(text)
  })

  it('compresses better as text', () => {
    expect(gzipSync(text).length).toBeLessThan(0.9 * gzipSync(unpackKernels('relaxed', name)).length)
  })

  it('has nothing of relaxed SIMD without it', () => {
    const [relaxed, simd] = [unpackKernels('relaxed', name), unpackKernels('simd', name)]
    expect(countOf(relaxed, instruction)).toBeGreaterThan(7)
    for (const any of [madd, maddF64, dot]) expect(countOf(simd, any)).toBe(0)
    expect(WebAssembly.validate(simd)).toBe(true)
  })
})

describe('several binaries', () => {
  it('put their data into places of their own, between what threads share', () => {
    const owners = new Map<number, string>()
    for (const name of [undefined, ...allBinaries]) {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 })
      const bytes = new Uint8Array(memory.buffer).fill(0xaa)
      const { first, others } = kernelModules(memory, name && [name])
      const env = {
        memory,
        abort() {},
        native() {},
        ...Object.fromEntries(allBinaries.map((other) => [other, () => {}])),
      }
      new WebAssembly.Instance(others[0]?.[1] ?? first, { env })
      for (const [at, byte] of bytes.entries()) {
        if (byte === 0xaa) continue
        expect(owners.get(at)).toBeUndefined()
        expect(at).toBeGreaterThanOrEqual(1024)
        expect(at).toBeLessThan(control.taken)
        owners.set(at, name ?? 'first')
      }
    }
    expect(owners.size).toBeGreaterThan(0)
  })

  it('are named by the kernels that lie in them', () => {
    const binaryOf = (kernel: KernelName) => binariesOf([kernel], undefined)
    expect(binariesOf(['convF32', 'poolF32'], undefined)).toEqual([])
    expect(binaryOf('adderF32')).toEqual(['codes'])
    expect(binaryOf('rowProductsF64')).toEqual(['training'])
    expect(binariesOf(['clipGradientF32', 'convF32', 'convU8'], undefined)).toEqual(['codes', 'training'])
    const own = [kernels.convF32.id, kernels.adderF32.id]
    const library = { instructions: '', path: '', kernels: own, bind: () => () => {} }
    expect(binariesOf(['convF32', 'adderF32', 'poolU8'], library)).toEqual(['codes'])
    expect(binariesOf(['convF32', 'adderF32'], library)).toEqual([])
  })

  it.each(Object.keys(kernels) as KernelName[])('%s is called where it lies, and nowhere else', (kernel) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 })
    const run = (binaries: readonly (typeof allBinaries)[number][]) => {
      const view = new DataView(memory.buffer)
      view.setInt32(control.firstFree, kernels[kernel].id, true)
      view.setInt32(control.firstFree + 4, control.firstFree + 8, true)
      // With arguments of 0 there is nothing to do.
      return instantiate(memory, { binaries }).run(control.firstFree, 1, 0, 1)
    }
    const needed = binariesOf([kernel], undefined)
    for (const name of allBinaries) {
      const others = allBinaries.filter((other) => other !== name)
      if (needed.includes(name)) expect(() => run(others)).toThrow('whose binary is not loaded')
      else expect(() => run(others)).not.toThrow('whose binary is not loaded')
    }
  })
})
