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
 * Measured when first asked for, in about 10 ms, 30 in a page whose clock is coarse; once in a process, so that all its plans are made alike.
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

/** What a run of the probe takes at least, in milliseconds: where the clock makes larger steps, so many are timed together that 20 of its steps go by. */
const shortestMs = 0.01
const clockSteps = 20

/** Between two values of the clock: a ten-thousandth in Node, 0.005 or 0.1 in a page, by whether it is isolated from others. */
function clockStepMs(): number {
  let before = performance.now()
  let now = before
  for (let changes = 0; changes < 2; changes++) {
    before = now
    while (now === before) now = performance.now()
  }
  return now - before
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
  const runs = Math.ceil((clockSteps * clockStepMs()) / shortestMs)
  const end = performance.now() + budgetMs
  for (let i = 0; i < leastRounds || performance.now() < end; i++)
    for (const entry of programs) {
      const start = performance.now()
      for (let run = 0; run < runs; run++) kernels.run(entry.program, entry.steps, 0, 1)
      entry.ms = Math.min(entry.ms, (performance.now() - start) / runs)
    }
  const [dense, sparse, turning] = programs.map(({ ms }) => ms / pixels) as [number, number, number]
  const weights = channels * channels
  return {
    product: dense / weights,
    sparseProduct: (every * Math.max(0, sparse - turning)) / weights,
    turned: turning / (2 * channels),
  }
}
