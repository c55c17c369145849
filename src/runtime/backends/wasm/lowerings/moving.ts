import { stridesOf } from '../../../../base/index.ts'
import type { InferredCall } from '../../../../graph/index.ts'
import {
  type AttributesOf,
  axisOf,
  axisSlice,
  type ConcatAttributes,
  concatAxis,
  contentOf,
  type DepthToSpaceAttributes,
  type GatherAttributes,
  gatherAxis,
  indicesOf,
  type PadAttributes,
  padsOf,
  padValue,
  permutation,
  type SliceAttributes,
  type SplitAttributes,
  sliceSettings,
} from '../../../../ops/index.ts'
import { lowerCopy, lowerGather, lowerPad, type Padding } from '../steps/layout.ts'
import { broadcastTo, layoutStrides, memoryAxes } from '../steps/strides.ts'
import type { Lowering, Lowerings, Place } from './lowering.ts'
import { inMemory, operandLike, refusesComputedSettings } from './operands.ts'

/*
 * Operators that move elements. Most are one copy with strides: along the axes of the output, in the order of its memory.
 */

const refuses = (call: InferredCall, isConstant: (input: number) => boolean) =>
  refusesComputedSettings(call, isConstant)

const strides = ({ shape, layout }: Place): number[] => layoutStrides(shape, layout)

/** A copy given per axis of `sizes` in ONNX's order; x and y are first elements, strides in elements. */
function copy(
  sizes: readonly number[],
  layout: Place['layout'],
  x: number,
  xStrides: readonly number[],
  y: number,
  yStrides: readonly number[],
) {
  const order = (values: readonly number[]) => inMemory(values, layout)
  return lowerCopy({ x, y, sizes: order(sizes), xStrides: order(xStrides), yStrides: order(yStrides) })
}

const transpose: Lowering<AttributesOf<'Transpose'>> = {
  layout: 'plain',
  integers: true,
  refuses,
  lower({ call, input, output }) {
    const from = stridesOf(input(0).shape)
    const y = output(0)
    const xStrides = permutation(call, y.shape.length).map((p) => from[p]!)
    return copy(y.shape, 'plain', input(0).address, xStrides, y.address, stridesOf(y.shape))
  },
}

/** One copy per input, each into its part of the output. */
const concat: Lowering<ConcatAttributes> = {
  layout: 'same',
  integers: true,
  lower(context) {
    const y = context.output(0)
    const yStrides = inMemory(strides(y), y.layout)
    const axis = memoryAxes(y.shape.length, y.layout).indexOf(concatAxis(context.call, y.shape.length))
    let at = y.address
    return context.call.node.inputs.flatMap((_, i) => {
      const x = operandLike(context, i, y)
      const steps = lowerCopy({ x: x.address, y: at, sizes: x.shape, xStrides: x.strides as number[], yStrides })
      at += 4 * x.shape[axis]! * yStrides[axis]!
      return steps
    })
  },
}

const split: Lowering<SplitAttributes> = {
  layout: 'same',
  integers: true,
  refuses,
  lower({ call, input, output }) {
    const x = input(0)
    const axis = axisOf(call, call.attributes.axis, x.shape.length)
    let at = x.address
    return call.node.outputs.flatMap((name, i) => {
      const size = call.outputs[i]?.shape?.[axis] as number
      const from = at
      at += 4 * size * strides(x)[axis]!
      if (name === '') return []
      const y = output(i)
      return copy(y.shape, y.layout, from, strides(x), y.address, strides(y))
    })
  },
}

const slice: Lowering<SliceAttributes> = {
  layout: 'same',
  integers: true,
  refuses(call, isConstant) {
    const { axes, starts, ends, steps } = sliceSettings(call, call.inputs[0]?.shape?.length ?? 0)
    if (!axes || !starts || !ends || !steps) return 'what it takes depends on data'
    return refuses(call, isConstant)
  },
  lower({ call, input, output }) {
    const x = input(0)
    const y = output(0)
    const settings = sliceSettings(call, x.shape.length)
    const xStrides = strides(x)
    let at = x.address
    settings.axes?.forEach((axis, n) => {
      const { start, step } = axisSlice(call, settings, n, x.shape[axis]!) ?? { start: 0, step: 1 }
      at += 4 * start * xStrides[axis]!
      xStrides[axis] = step * xStrides[axis]!
    })
    return copy(y.shape, y.layout, at, xStrides, y.address, strides(y))
  },
}

const pad: Lowering<PadAttributes> = {
  layout: 'same',
  integers: true,
  refuses(call, isConstant) {
    if (!padsOf(call, call.inputs[0]?.shape?.length ?? 0) || padValue(call) === undefined)
      return 'its padding depends on data'
    return refuses(call, isConstant)
  },
  // Exporters write padding by nothing.
  alias: (call) =>
    padsOf(call, call.inputs[0]?.shape?.length ?? 0)?.every(({ begin, end }) => begin === 0 && end === 0) ?? false,
  lower({ call, input, output, alloc }) {
    const { address, shape, layout } = input(0)
    const pads = inMemory(padsOf(call, shape.length) ?? [], layout)
    const padding = {
      x: address,
      y: output(0).address,
      shape: inMemory(shape, layout),
      begins: pads.map((p) => p.begin),
      ends: pads.map((p) => p.end),
      mode: call.attributes.mode as Padding['mode'],
      value: padValue(call)!,
    }
    return lowerPad(padding, alloc)
  },
}

const expand: Lowering = {
  layout: 'same',
  integers: true,
  refuses,
  lower({ input, output }) {
    const x = input(0)
    const y = output(0)
    return copy(y.shape, y.layout, x.address, broadcastTo(x.shape, strides(x), y.shape), y.address, strides(y))
  },
}

/** Every axis as two: which repetition (stride 0 in X), and the place in it. */
const tile: Lowering = {
  layout: 'same',
  integers: true,
  refuses(call, isConstant) {
    return refuses(call, isConstant) ?? (contentOf(call, 1) ? undefined : 'how often it repeats depends on data')
  },
  lower({ input, output }) {
    const x = input(0)
    const y = output(0)
    const order = memoryAxes(y.shape.length, y.layout)
    const [from, to] = [strides(x), strides(y)]
    const size = (axis: number) => x.shape[axis]!
    return lowerCopy({
      x: x.address,
      y: y.address,
      sizes: order.flatMap((axis) => [y.shape[axis]! / Math.max(1, size(axis)), size(axis)]),
      xStrides: order.flatMap((axis) => [0, from[axis]!]),
      yStrides: order.flatMap((axis) => [size(axis) * to[axis]!, to[axis]!]),
    })
  },
}

/** With known indices. */
const gather: Lowering<GatherAttributes> = {
  layout: 'plain',
  integers: true,
  refuses(call, isConstant) {
    if (!indicesOf(call, call.inputs[0]?.shape?.[gatherAxis(call)])) return 'its indices depend on data'
    return refuses(call, isConstant)
  },
  lower({ call, input, output, alloc }) {
    const { address, shape } = input(0)
    const axis = gatherAxis(call)
    const indices = indicesOf(call, shape[axis])!
    return lowerGather(address, output(0).address, shape, new Map([[axis, indices]]), alloc)
  },
}

/** Y[n, c, h·b + i, w·b + j] = X[n, q(c, i, j), h, w] and back: `blocks` is the side with the channels. */
function moveBlocks(b: number, columnFirst: boolean, blocks: Place, space: Place, toSpace: boolean) {
  const [batch, channels, height, width] = [space.shape[0], space.shape[1], blocks.shape[2], blocks.shape[3]] as [
    number,
    number,
    number,
    number,
  ]
  const [bn, bc, bh, bw] = strides(blocks) as [number, number, number, number]
  const [sn, sc, sh, sw] = strides(space) as [number, number, number, number]
  // One entry per axis: [n, h, i, w, j, c], which is how channels last lie in space.
  const sizes = [batch, height, b, width, b, channels]
  const [perBlock, perChannel] = columnFirst ? [bc, b * b * bc] : [channels * bc, bc]
  const inBlocks = [bn, bh, b * perBlock, bw, perBlock, perChannel]
  const inSpace = [sn, b * sh, sh, b * sw, sw, sc]
  // Along the destination's memory.
  const order =
    (toSpace ? space : blocks).layout === 'channelsLast'
      ? toSpace
        ? [0, 1, 2, 3, 4, 5]
        : [0, 1, 3, 2, 4, 5]
      : toSpace
        ? [0, 5, 1, 2, 3, 4]
        : [0, 2, 4, 5, 1, 3]
  const ordered = (values: readonly number[]) => order.map((i) => values[i]!)
  const [x, y, xStrides, yStrides] = toSpace ? [blocks, space, inBlocks, inSpace] : [space, blocks, inSpace, inBlocks]
  return lowerCopy({
    x: x.address,
    y: y.address,
    sizes: ordered(sizes),
    xStrides: ordered(xStrides),
    yStrides: ordered(yStrides),
  })
}

const depthToSpace: Lowering<DepthToSpaceAttributes> = {
  layout: 'same',
  integers: true,
  refuses,
  lower: ({ call, input, output }) =>
    moveBlocks(call.attributes.blockSize, call.attributes.columnFirst, input(0), output(0), true),
}

const spaceToDepth: Lowering<AttributesOf<'SpaceToDepth'>> = {
  layout: 'same',
  integers: true,
  refuses,
  lower: ({ call, input, output }) => moveBlocks(call.attributes, false, output(0), input(0), false),
}

export const moving: Lowerings = {
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  Gather: gather,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
}
