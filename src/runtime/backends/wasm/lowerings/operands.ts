import { elementCount, stridesOf } from '../../../../base/index.ts'
import type { InferredCall } from '../../../../graph/index.ts'
import { alignedShape } from '../../../../ops/index.ts'
import type { Layout } from '../../../../plan/index.ts'
import type { Operand } from '../steps/elementwise.ts'
import type { Allocator } from '../steps/step.ts'
import { layoutStrides, memoryAxes, type PlacedRun } from '../steps/strides.ts'
import type { LoweringContext, Place } from './lowering.ts'

/*
 * Inputs of lowerings, whether they are computed or known beforehand, seen along the axes of the output in the order in which these lie
 * in memory.
 */

/** Refuses nodes whose first input is known beforehand, or of which one of the settings (all other inputs) is not. */
export function refusesComputedSettings(
  call: InferredCall,
  isConstant: (input: number) => boolean,
): string | undefined {
  if (isConstant(0)) return 'its input is known beforehand'
  const computed = call.inputs.findIndex((known, i) => i > 0 && known !== undefined && !isConstant(i))
  return computed < 0 ? undefined : `input ${computed} is computed while running`
}

export const count = (shape: readonly number[]): number => elementCount(shape)!

/** Values put into the plan's memory. */
export function stored(values: ArrayLike<number>, alloc: Allocator): number {
  const at = alloc.alloc(4 * values.length)
  new Float32Array(alloc.memory.buffer, at, values.length).set(values)
  return at
}

/** Address of an input that is known or computed, as ONNX has it. */
export const placed = (context: LoweringContext, index: number): number => {
  const values = context.floats(index)
  return values ? stored(values, context.alloc) : context.input(index).address
}

/** Known values of `shape`, put in the order in which an output of `rank` axes and this layout has its axes. */
export function storedLike(
  values: Float32Array,
  shape: readonly number[],
  rank: number,
  layout: Layout,
  alloc: Allocator,
): Operand {
  const own = memoryAxes(rank, layout).flatMap((axis) =>
    axis >= rank - shape.length ? [axis - rank + shape.length] : [],
  )
  const from = stridesOf(shape)
  const sizes = own.map((axis) => shape[axis]!)
  const to = stridesOf(sizes)
  const moved = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    let at = 0
    own.forEach((axis, n) => {
      at += (Math.floor(i / to[n]!) % sizes[n]!) * from[axis]!
    })
    moved[i] = values[at]!
  }
  return { address: stored(moved, alloc), shape, strides: shape.map((_, axis) => to[own.indexOf(axis)]!) }
}

/**
 * An input that broadcasts to the output, as an operand along the output's axes in the order of memory: sizes 1 and strides 0 in front
 * where it has fewer axes, and behind where older operator sets align it further in front.
 */
export function operandLike(context: LoweringContext, index: number, output: Place): Operand {
  const rank = output.shape.length
  const values = context.floats(index)
  const aligned = alignedShape(context.call, index) as readonly number[]
  const { address, shape, strides } = values
    ? storedLike(values, aligned, rank, output.layout, context.alloc)
    : asOperand(context.input(index), aligned)
  const offset = rank - shape.length
  const axes = memoryAxes(rank, output.layout)
  return {
    address,
    shape: axes.map((axis) => (axis < offset ? 1 : shape[axis - offset]!)),
    strides: axes.map((axis) => (axis < offset ? 0 : (strides?.[axis - offset] as number))),
  }
}

const asOperand = ({ address, shape, layout, pixel }: Place, aligned: readonly number[]): Operand => ({
  address,
  shape: aligned,
  strides: aligned.map((_, axis) => layoutStrides(shape, layout, pixel)[axis] ?? 0),
})

/** Strides along the axes of a value in the order of memory. */
export const memoryStrides = ({ shape, layout, pixel }: Place): number[] =>
  inMemory(layoutStrides(shape, layout, pixel), layout)

/** Values given per ONNX axis, in the order in which the axes lie in memory. */
export const inMemory = <T>(values: readonly T[], layout: Layout): T[] =>
  memoryAxes(values.length, layout).map((axis) => values[axis] as T)

/** [before, the axes, behind] of a value whose given axes lie side by side in memory. */
export function linesOver(
  { shape, layout }: Place,
  axes: readonly number[],
): [outer: number, size: number, inner: number] {
  const order = memoryAxes(shape.length, layout)
  const places = axes.map((axis) => order.indexOf(axis)).sort((a, b) => a - b)
  const sizes = inMemory(shape, layout)
  const [first = shape.length] = places
  const end = first + places.length
  return [count(sizes.slice(0, first)), count(sizes.slice(first, end)), count(sizes.slice(end))]
}

/** Channels of a value that lie side by side, and where in the result they go: one behind the other, as they come. */
export interface Neighbours {
  readonly address: number
  /** Elements from one pixel to the next. */
  readonly pixel: number
  /** Which channels of the value they are, in this order. */
  readonly channels: readonly number[]
  /** Where the result of the first of them goes. */
  readonly to: number
}

/** Bytes of an element. */
const sizeOf = ({ least }: Pick<Place, 'least'>): number => (least === undefined ? 4 : 1)

/**
 * For operators that treat every channel by itself (`Parts.eachChannel`): all channels in as few steps as they lie apart.
 * @param x what the runs are of; where nothing is said, of elements as y's
 */
export function inTurn(runs: readonly PlacedRun[], y: Place, x: Pick<Place, 'least'> = y): Neighbours[] {
  const found: (Omit<Neighbours, 'channels'> & { readonly channels: number[] })[] = []
  let first = 0
  for (const { address, pixel, count, at, step } of runs) {
    const channels = Array.from({ length: count }, (_, i) => at + i * step)
    const last = found.at(-1)
    if (last && last.pixel === pixel && last.address + sizeOf(x) * last.channels.length === address)
      last.channels.push(...channels)
    else found.push({ address, pixel, channels, to: y.address + sizeOf(y) * first })
    first += count
  }
  return found
}
