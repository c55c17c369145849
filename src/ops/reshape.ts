import { type Dim, elementCount, isConcrete, type Shape, unknownDim } from '../base/index.ts'
import type { Call, Cut, InferredCall } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { reshapeBackward } from './shared/backward.ts'
import { tieReshaped } from './shared/blocks.ts'
import { dense, required, typed, wrong } from './shared/check.ts'
import { setting } from './shared/settings.ts'
import { dimQuotient } from './shared/symbols.ts'

/*
 * Y = the elements of X under another shape (ONNX Reshape). In the target (input 1, before opset 5 the attribute `shape`), 0 copies the size of the input's axis at the same
 * place (not with allowzero = 1), and one -1 stands for what is left.
 */

interface ReshapeAttributes {
  /** Before opset 5; then input 1. */
  readonly shape: readonly number[] | undefined
  readonly allowZero: boolean
}

function reshaped(call: Call<ReshapeAttributes>, shape: Shape | undefined): Dim[] | undefined {
  const { given, values: target, count } = setting(call, call.attributes.shape, 1)
  if (!given) throw wrong(call, 'input 1 is missing', 'Export the model again.')
  if (!target) return count === undefined ? undefined : Array.from({ length: count }, () => unknownDim())
  if (target.some((d) => d < -1) || target.filter((d) => d === -1).length > 1)
    throw wrong(call, `the target [${target}] is not a shape`)
  const sizes = target.map((d, axis): Dim => {
    if (d !== 0 || call.attributes.allowZero) return d
    const copied = shape ? shape[axis] : unknownDim()
    if (copied === undefined)
      throw wrong(call, `the target [${target}] copies axis ${axis}, which the input does not have`)
    return copied
  })
  const open = sizes.indexOf(-1)
  if (open >= 0)
    sizes[open] = shape
      ? restOf(
          call,
          shape,
          sizes.filter((d) => d !== -1),
        )
      : unknownDim()
  if (isConcrete(shape) && isConcrete(sizes) && elementCount(shape) !== elementCount(sizes))
    throw wrong(
      call,
      `${elementCount(shape)} elements do not fit into the target [${target}]`,
      'A batch size may be fixed in the file: give the input in that size.',
    )
  return sizes
}

/** The size that -1 stands for. */
function restOf(call: Call, shape: Shape, others: Shape): Dim {
  const rest = dimQuotient(shape, others)
  if (typeof rest === 'string' && isConcrete(shape) && isConcrete(others)) {
    // Nothing can be said of -1 beside a 0; any other remainder is a mistake.
    if (others.includes(0)) return 0
    throw wrong(
      call,
      `${elementCount(shape)} elements do not divide by the sizes [${others}]`,
      'A batch size may be fixed in the file: give the input in that size.',
    )
  }
  return rest
}

/** Lets the target fit the new sizes, and keeps symbolic sizes symbolic. */
function cutReshape(call: InferredCall<ReshapeAttributes>, cut: Cut): void {
  const from = cut.newInputShape(0)
  const to = cut.newOutputShape(0)
  const before = call.outputs[0]?.shape
  if (!from || !to || !before) return
  const { allowZero, shape } = call.attributes
  const after = shape ?? cut.newContent(1)
  const size = (axis: number) => (after?.[axis] === 0 && !allowZero ? from[axis] : after?.[axis])
  // What already says -1, copies the input's size or is computed from it follows by itself.
  if (after && to.every((d, axis) => after[axis] === -1 || size(axis) === d)) return
  const wrong = [...to.keys()].filter(
    (axis) => size(axis) !== -1 && (after ? size(axis) !== to[axis] : to[axis] !== before[axis]),
  )
  const stored = shape !== undefined || cut.isConstant(1)
  let open = after?.includes(-1) ?? true
  const patch = new Map<number, number>()
  for (const axis of wrong) {
    patch.set(axis, open || stored ? to[axis]! : -1)
    open = true
  }
  if (shape)
    cut.setInts(
      'shape',
      shape.map((d, axis) => patch.get(axis) ?? d),
    )
  else cut.patchInputInts(1, patch)
}

/**
 * Element (l·N + n)·r + i of X, n the image, stays where it is. In Y the batch lies on the axis that has the same l before it: its size is left open.
 */
function freeTarget(
  call: InferredCall<ReshapeAttributes>,
  axis: number,
  size: number,
): ReadonlyMap<number | string, readonly number[]> | undefined {
  const { shape } = call.attributes
  const [from, to, target] = [call.inputs[0]?.shape, call.outputs[0]?.shape, setting(call, shape, 1).values]
  if (!from || !isConcrete(to) || !target) return undefined
  const outside = elementCount(from.slice(0, axis))
  const at = [...to.keys()].find((b) => elementCount(to.slice(0, b)) === outside)
  if (at === undefined || to[at]! % size !== 0) return undefined
  const copies = at === axis && to[at] === from[axis] && !call.attributes.allowZero
  const free = copies ? target.map((d, b) => (b === at ? 0 : d)) : to.map((d, b) => (b === at ? -1 : d))
  return new Map([[shape ? 'shape' : 1, free]])
}

export const reshape = defineOperator({
  name: 'Reshape',
  inputs: (opset) => (opset < 5 ? ['data'] : ['data', 'shape']),
  attributes: (a): ReshapeAttributes => ({ shape: a.ints('shape'), allowZero: a.flag('allowzero') }),
  infer: (call) => [typed(required(call, 0).elementType, reshaped(call, required(call, 0).shape))],
  forward: (call, [x]) => {
    const shape = x && reshaped(call, x.shape)
    return x && isConcrete(shape) ? [dense(x.elementType, shape, x.data)] : []
  },
  cost: 'none',
  accesses: 'view',
  freeBatch: freeTarget,
})

export const reshapeChannels: ChannelsOf<typeof reshape> = { tie: tieReshaped, cut: cutReshape }

export const reshapeTraining: TrainingOf<typeof reshape> = {
  backward: reshapeBackward,
}
