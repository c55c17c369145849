import { stridesOf } from '../../../../base/index.ts'
import type { Layout } from '../../../../plan/index.ts'

/*
 * Tensors as sizes and strides (elements), one stride per axis and operand, in the order of ONNX's axes or any other: what kernels that
 * move and combine elements are given.
 */

/** ONNX's axes in the order in which they lie in memory. */
export function memoryAxes(rank: number, layout: Layout): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  return layout === 'plain' || rank < 3 ? axes : [0, ...axes.slice(2), 1]
}

/** Sizes in the order of memory. */
export function memoryShape(shape: readonly number[], layout: Layout): number[] {
  return memoryAxes(shape.length, layout).map((axis) => shape[axis]!)
}

/** Strides by ONNX axis. @param pixel channels last: elements from one pixel to the next; by default the channels */
export function layoutStrides(shape: readonly number[], layout: Layout, pixel = shape[1]): number[] {
  const axes = memoryAxes(shape.length, layout)
  const inMemory = stridesOf(memoryShape(shape, layout))
  const isApart = layout === 'channelsLast' && shape.length > 2 && pixel !== shape[1]
  return shape.map((_, axis) => {
    const stride = inMemory[axes.indexOf(axis)]!
    return isApart && axis !== 1 ? (stride / shape[1]!) * pixel! : stride
  })
}

/** Strides of an operand along the axes of the shape it broadcasts to: 0 where its one element is repeated. */
export function broadcastTo(own: readonly number[], strides: readonly number[], shape: readonly number[]): number[] {
  const offset = shape.length - own.length
  return shape.map((_, axis) => (axis < offset || own[axis - offset] === 1 ? 0 : strides[axis - offset]!))
}

/** Channels of a value that lie side by side. */
export interface PlacedRun {
  /** Of the first one, in the first pixel. */
  readonly address: number
  /** Elements from one pixel to the next. */
  readonly pixel: number
  readonly count: number
  /** Which channel of the value the first one is, and how many further each of the others is. */
  readonly at: number
  readonly step: number
}

/** Operands that are walked through together. */
export interface Walk {
  readonly sizes: readonly number[]
  /** By operand, then axis. */
  readonly strides: readonly (readonly number[])[]
}

/** The same walk with as few axes as possible: those of size 1 dropped, those that every operand runs through as one joined. */
export function collapsed({ sizes, strides }: Walk): Walk {
  const out: { size: number; strides: number[] }[] = []
  sizes.forEach((size, axis) => {
    if (size === 1) return
    const own = strides.map((s) => s[axis]!)
    const before = out.at(-1)
    if (before?.strides.every((s, i) => s === size * own[i]!)) {
      before.size *= size
      before.strides = own
    } else out.push({ size, strides: own })
  })
  return { sizes: out.map((a) => a.size), strides: strides.map((_, i) => out.map((a) => a.strides[i]!)) }
}

/**
 * Calls `emit` for walks of exactly `rank` axes that together make up the given one, with the elements by which each operand starts
 * later: the outermost axes are unrolled where there are more, axes of size 1 put in front where there are fewer.
 */
export function inRank<T>(
  { sizes, strides }: Walk,
  rank: number,
  emit: (walk: Walk, offsets: readonly number[]) => T[],
  offsets: readonly number[] = strides.map(() => 0),
): T[] {
  if (sizes.length > rank)
    return Array.from({ length: sizes[0]! }, (_, i) =>
      inRank(
        { sizes: sizes.slice(1), strides: strides.map((s) => s.slice(1)) },
        rank,
        emit,
        offsets.map((o, n) => o + i * (strides[n]?.[0] as number)),
      ),
    ).flat()
  const front = (values: readonly number[], fill: number) => [
    ...new Array<number>(rank - values.length).fill(fill),
    ...values,
  ]
  return emit({ sizes: front(sizes, 1), strides: strides.map((s) => front(s, 0)) }, offsets)
}
