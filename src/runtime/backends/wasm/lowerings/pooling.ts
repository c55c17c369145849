import type { InferredCall } from '../../../../graph/index.ts'
import { type PoolAttributes, slide } from '../../../../ops/index.ts'
import { lowerPool, type PoolLayer } from '../steps/pool.ts'
import { lowerReduce, type Reduction } from '../steps/reduce.ts'
import { refusesWindow } from './convolution.ts'
import type { Lowering, Lowerings } from './lowering.ts'
import { inMemory, inTurn, refusesComputedSettings } from './operands.ts'

/** A pooling layer of an input [N, C, spatial…], as the kernels describe it. */
export function poolLayer(
  call: InferredCall<PoolAttributes>,
  input: readonly number[],
  output: readonly number[],
  average: boolean,
): PoolLayer {
  const { window, countIncludePad } = call.attributes
  const [batch, channels, ...spatial] = input as [number, number, ...number[]]
  const kernel = window.kernelShape!
  const { pads = [] } = slide(call, window, kernel, spatial)
  const ones = spatial.map(() => 1)
  return {
    ...{ batch, channels, input: spatial, output: output.slice(2), kernel, average, countIncludePad },
    strides: window.strides ?? ones,
    dilations: window.dilations ?? ones,
    padBegins: pads.slice(0, spatial.length),
    padEnds: pads.slice(spatial.length),
  }
}

const refuses = (call: InferredCall<PoolAttributes>, isConstant: (input: number) => boolean): string | undefined =>
  (call.inputs[0]?.shape?.length ?? 0) > 5
    ? 'kernels pool along one to three axes'
    : (refusesWindow(call.attributes.window) ?? refusesComputedSettings(call, isConstant))

const pool = (average: boolean): Lowering<PoolAttributes> => ({
  layout: 'channelsLast',
  integers: !average,
  parts: { scattered: [0], eachChannel: true, output: true },
  refuses,
  lower({ call, input, output, alloc }) {
    const [x, y] = [input(0), output(0)]
    const layer = poolLayer(call, x.shape, y.shape, average)
    if (!x.runs) return lowerPool({ ...layer, xPixel: x.pixel, yPixel: y.pixel }, x.address, y.address, alloc)
    return inTurn(x.runs, y).flatMap(({ address, pixel, channels, to }) =>
      lowerPool({ ...layer, channels: channels.length, xPixel: pixel, yPixel: y.pixel }, address, to, alloc),
    )
  },
})

const globalPool = (f: Reduction): Lowering => ({
  layout: 'same',
  integers: f === 'max',
  refuses: refusesComputedSettings,
  lower({ input, output, alloc }) {
    const { address, shape, layout } = input(0)
    const spatial = inMemory(
      shape.map((_, axis) => axis > 1),
      layout,
    ).flatMap((is, axis) => (is ? [axis] : []))
    return lowerReduce(f, address, output(0).address, inMemory(shape, layout), spatial, alloc)
  },
})

export const pooling: Lowerings = {
  MaxPool: pool(false),
  AveragePool: pool(true),
  GlobalMaxPool: globalPool('max'),
  GlobalAveragePool: globalPool('mean'),
}
