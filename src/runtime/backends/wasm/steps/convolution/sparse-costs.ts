import { getOrAdd } from '../../../../../base/index.ts'
import { control } from '../../engine/kernels.generated.ts'
import { instantiate } from '../../engine/module.ts'
import type { NativeKernels } from '../../engine/native.ts'
import { programBytes, writeProgram } from '../step.ts'
import { lowerConvPanels } from './panels.ts'
import type { ConvLayer } from './sizes.ts'

/** What kernels take on this machine, in milliseconds for an output pixel. */
export interface SparseCosts {
  /** A weight of `convF32`. */
  readonly product: number
  /** A weight of `sparseConvF32`. */
  readonly sparseProduct: number
  /** A channel that `sparseConvF32` turns: of the input under a tap, or of the output. */
  readonly turned: number
}

const costs = new Map<boolean, SparseCosts>()

/**
 * Measured when first asked for, in about 10 ms; once in a process, so that all its plans are made alike.
 * @param native kernels in machine code that are measured where there are such
 */
export const sparseCosts = (native?: NativeKernels): SparseCosts =>
  getOrAdd(costs, native !== undefined, () => measured(native))

/** Rounds are made for so long, and a few in any case. */
const budgetMs = 8
const leastRounds = 5

const channels = 64
const size = 8
const pixels = size * size
/** One in so many weights of the probe is not 0. */
const every = 4

const probe: ConvLayer = {
  ...{ batch: 1, inHeight: size, inWidth: size, inChannels: channels },
  ...{ outHeight: size, outWidth: size, outChannels: channels, groups: 1 },
  ...{ kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
  ...{ padTop: 0, padLeft: 0 },
}

/** The shortest times of a dense layer, the same with a quarter of its weights, and with none: what is left is turning. */
function measured(native: NativeKernels | undefined): SparseCosts {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 65536 })
  const kernels = instantiate(memory, { native })
  let next: number = control.firstFree
  const alloc = (bytes: number) => {
    const at = next
    next = 64 * Math.ceil((next + bytes) / 64)
    return at
  }
  const places = { x: alloc(4 * channels * pixels), y: alloc(4 * channels * pixels), lo: -Infinity, hi: Infinity }
  const programs = [1, 1 / every, 0].map((share) => {
    const weights = Float32Array.from({ length: channels * channels }, (_, i) => (i % every < share * every ? 1 : 0))
    const steps = lowerConvPanels(probe, { ...places, weights }, { memory, alloc, scratch: alloc }, share < 1)
    const program = alloc(programBytes(steps))
    writeProgram(memory, program, steps, 1, native)
    return { program, steps: steps.length, ms: Number.POSITIVE_INFINITY }
  })
  const end = performance.now() + budgetMs
  for (let i = 0; i < leastRounds || performance.now() < end; i++)
    for (const entry of programs) {
      const start = performance.now()
      kernels.run(entry.program, entry.steps, 0, 1)
      entry.ms = Math.min(entry.ms, performance.now() - start)
    }
  const [dense, sparse, turning] = programs.map(({ ms }) => ms / pixels) as [number, number, number]
  const weights = channels * channels
  return {
    product: dense / weights,
    sparseProduct: (every * Math.max(0, sparse - turning)) / weights,
    turned: turning / (2 * channels),
  }
}
