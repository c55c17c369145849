import type { InferredCall } from '../../../graph/index.ts'
import { type PoolAttributes, slide } from '../../../ops/index.ts'
import { lowerPool } from '../lower-pool.ts'
import { lowerReduce, type Reduction } from '../lower-reduce.ts'
import type { Lowering } from '../lowering.ts'
import { inMemory, refusesComputedSettings } from './operands.ts'

const pool = (average: boolean): Lowering<PoolAttributes> => ({
  layout: 'channelsLast',
  refuses(call, isConstant) {
    if ((call.inputs[0]?.shape?.length ?? 0) > 5) return 'kernels pool along one to three axes'
    return refusesComputedSettings(call as InferredCall<never>, isConstant)
  },
  lower({ call, input, output, alloc }) {
    const { window, countIncludePad } = call.attributes
    const [batch, channels, ...spatial] = input(0).shape as [number, number, ...number[]]
    const kernel = window.kernelShape as readonly number[]
    const { pads = [] } = slide(call, window, kernel, spatial)
    const ones = spatial.map(() => 1)
    const layer = {
      batch,
      channels,
      input: spatial,
      output: output(0).shape.slice(2),
      kernel,
      strides: window.strides ?? ones,
      dilations: window.dilations ?? ones,
      padBegins: pads.slice(0, spatial.length),
      padEnds: pads.slice(spatial.length),
      average,
      countIncludePad,
    }
    return lowerPool(layer, input(0).address, output(0).address, alloc)
  },
})

const globalPool = (f: Reduction): Lowering<void> => ({
  layout: 'same',
  refuses: (call, isConstant) => refusesComputedSettings(call as InferredCall<never>, isConstant),
  lower({ input, output, alloc }) {
    const { address, shape, layout } = input(0)
    const spatial = inMemory(
      shape.map((_, axis) => axis > 1),
      layout,
    ).flatMap((is, axis) => (is ? [axis] : []))
    return lowerReduce(f, address, output(0).address, inMemory(shape, layout), spatial, alloc)
  },
})

export const pooling = {
  MaxPool: pool(false),
  AveragePool: pool(true),
  GlobalMaxPool: globalPool('max'),
  GlobalAveragePool: globalPool('mean'),
} as const
