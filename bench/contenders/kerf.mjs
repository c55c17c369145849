// Kerf's kernels for one layer: float32, NHWC, no activation. A network's layers follow each other in one program, so the layer stands in one
// several times over; starting a program (waking the threads) is shared among them, as in a network.

import { mkdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/** How often the layer stands in its program. */
const inRow = 8

const bundlePath = fileURLToPath(new URL('../../node_modules/.kerf/bench-kernels.mjs', import.meta.url))

/** Bundles Kerf's kernels for Node; done once, by the parent. */
export async function bundleKernels() {
  mkdirSync(fileURLToPath(new URL('../../node_modules/.kerf/', import.meta.url)), { recursive: true })
  await build({
    entryPoints: [fileURLToPath(new URL('kerf-kernels.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundlePath,
    logLevel: 'error',
  })
}

/** `?kernel=direct`: the matrix product also where the table of kernels takes Winograd's. */
const isDirect = new URL(import.meta.url).searchParams.get('kernel') === 'direct'

/** @param {number} threads */
export const open = (threads) =>
  openKernels(threads, (kerf, { inChannels, outChannels, size, outSize, kernel, groups }, sizes, allocator) => {
    const inputs = inChannels * size * size
    const x = allocator.alloc(4 * inputs)
    const y = allocator.alloc(4 * outChannels * outSize * outSize)
    const weights = randomFloats((outChannels * inChannels * kernel * kernel) / groups)
    const limits = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
    const lower = isDirect ? kerf.lowerConvPanels : kerf.lowerConv
    const steps = lower(sizes, { x, y, weights, ...limits }, allocator)
    return { steps, fill: (buffer) => new Float32Array(buffer, x, inputs).set(randomFloats(inputs)) }
  })

/**
 * A contender that runs one layer by kernels.
 * @param {number} threads
 * @param lower puts tensors and packed weights into memory; returns the kernel calls, and a function that fills the input
 */
export async function openKernels(threads, lower) {
  const kerf = await import(pathToFileURL(bundlePath).href)
  const shared = threads > 1
  const native = kerf.nativeKernels()
  return {
    version: `kerf (${native?.instructions ?? (kerf.hasRelaxedSimd() ? 'relaxed SIMD' : 'SIMD')})`,
    limit: () => kerf.measureLimit(threads, { spawn: kerf.spawnNodeWorker, native }),
    async load(layer) {
      const { inChannels, outChannels, size, outSize, kernel, stride, pad, groups } = layer
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared })
      let next = kerf.control.firstFree
      const alloc = (bytes) => {
        const at = Math.ceil(next / 64) * 64
        next = at + bytes
        const missing = Math.ceil((next - memory.buffer.byteLength) / 65536)
        if (missing > 0) memory.grow(missing)
        return at
      }
      const sizes = {
        ...{
          batch: 1,
          inHeight: size,
          inWidth: size,
          inChannels,
          outHeight: outSize,
          outWidth: outSize,
          outChannels,
          groups,
        },
        ...{ kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride },
        ...{ dilationHeight: 1, dilationWidth: 1, padTop: pad, padLeft: pad },
      }
      const { steps, fill } = lower(kerf, layer, sizes, { alloc, scratch: alloc, memory, native })
      const program = alloc(kerf.programBytes(steps, inRow))
      kerf.writeProgram(memory, program, steps, inRow, native)
      fill(memory.buffer)
      const binaries = kerf.binariesOf(
        steps.map(({ kernel }) => kernel),
        native,
      )
      const pool = await kerf.Pool.start(memory, threads, shared ? kerf.spawnNodeWorker : undefined, {
        ...{ native, binaries },
      })
      return { inRow, run: () => pool.run(program, steps.length * inRow), close: () => pool.dispose() }
    },
  }
}

/** @param {number} count */
export const randomFloats = (count) => Float32Array.from({ length: count }, () => Math.random() - 0.5)
