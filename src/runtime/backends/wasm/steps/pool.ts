import type { WindowsArgs } from '../engine/kernels.generated.ts'
import { type Allocator, type Step, step } from './step.ts'

export interface PoolLayer {
  readonly batch: number
  readonly channels: number
  /** One entry per spatial axis, 1 to 3 of them. */
  readonly input: readonly number[]
  readonly output: readonly number[]
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padBegins: readonly number[]
  readonly padEnds: readonly number[]
  readonly average: boolean
  /** Elements from one pixel to the next; by default `channels`. */
  readonly xPixel?: number
  readonly yPixel?: number
  /** A mean divides by the taps in the padding too (never by those beyond it, which ceil_mode may reach). */
  readonly countIncludePad: boolean
}

/** For each output along one axis: input index of the first tap inside, how many taps are inside, what a mean divides by. */
function axisTable(layer: PoolLayer, axis: number): number[] {
  const size = layer.input[axis]!
  const kernel = layer.kernel[axis]!
  const dilation = layer.dilations[axis]!
  const end = size + layer.padEnds[axis]!
  const table: number[] = []
  for (let o = 0; o < layer.output[axis]!; o++) {
    const start = o * layer.strides[axis]! - layer.padBegins[axis]!
    const taps = Array.from({ length: kernel }, (_, k) => start + k * dilation)
    const inside = taps.filter((i) => i >= 0 && i < size)
    const counted = layer.countIncludePad ? taps.filter((i) => i < end).length : inside.length
    table.push(inside[0] ?? 0, inside.length, Math.max(1, counted))
  }
  return table
}

/** What all kernels are told of the windows. */
export function windowArgs(layer: PoolLayer, alloc: Allocator): WindowsArgs {
  const front = (values: readonly number[]) => [1, 1, ...values].slice(-3) as [number, number, number]
  const axes = layer.input.map((_, axis) => axisTable(layer, axis))
  // Axes that the layer does not have are one long: a window of one tap.
  const table = [...new Array<number[]>(3 - axes.length).fill([0, 1, 1]), ...axes].flat()
  const at = alloc.alloc(4 * table.length)
  new Int32Array(alloc.memory.buffer, at, table.length).set(table)
  const [inD, inH, inW] = front(layer.input)
  const [outD, outH, outW] = front(layer.output)
  const [dilationD, dilationH, dilationW] = front(layer.dilations)
  const { batch, channels, xPixel = channels, average } = layer
  return {
    ...{ average, batch, inD, inH, inW, channels, outD, outH, outW },
    stepD: dilationD * inH * inW * xPixel,
    stepH: dilationH * inW * xPixel,
    stepW: dilationW * xPixel,
    table: at,
  }
}

/** Max or average pooling of x into y (addresses), channels last, any window. */
export function lowerPool(layer: PoolLayer, x: number, y: number, alloc: Allocator): Step[] {
  const { channels, xPixel = channels, yPixel = channels } = layer
  return [step('poolF32', { x, y, xPixel, yPixel, ...windowArgs(layer, alloc) })]
}

/** The gradient of pooling from dy (address, of the output's size) into dx; x (address, of the input) only matters for maxima. */
export function lowerPoolGradient(
  layer: PoolLayer,
  { dy, x, dx }: Readonly<Record<'dy' | 'x' | 'dx', number>>,
  alloc: Allocator,
): Step[] {
  return [step('poolGradientF32', { dy, x, dx, ...windowArgs(layer, alloc) })]
}
