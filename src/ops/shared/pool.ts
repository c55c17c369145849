import { elementCount, isConcrete, type Shape } from '../../base/index.ts'
import type {
  Arithmetic,
  AttributeReader,
  AttributeValue,
  BackwardCall,
  Call,
  InferredCall,
  Known,
} from '../../graph/index.ts'
import { shapeIn } from './backward.ts'
import { required, wrong } from './check.ts'
import { hasEmptyPlace, slidingOf } from './sliding.ts'
import { slide, type Window, windowAttributes } from './window.ts'

/*
 * Pooling reduces a window of each channel, Global* the whole of it. X [N, C, spatial…], Y [N, C, spatial…].
 *
 * Counts take every output as a full window: taps beyond the border (padding, and the last window of ceil_mode) are counted too.
 */

export interface PoolAttributes {
  readonly window: Window
  /** Norm of LpPool and GlobalLpPool. */
  readonly p: number
  /** Whether AveragePool divides by the padding's taps too. */
  readonly countIncludePad: boolean
  /** Whether MaxPool's indices count columns first. */
  readonly columnMajor: boolean
}

/** The norm: a broken number in opset 1. */
export const normOf = (a: AttributeReader, opset: number): number => (opset < 2 ? a.float('p', 2) : a.size('p', 1, 2))

/** @param narrowSame as of `Window` */
export const poolAttributes = (
  a: AttributeReader,
  opset: number,
  narrowSame: Window['narrowSame'] = 'trunc',
): PoolAttributes => ({
  window: { ...windowAttributes(a), narrowSame },
  p: normOf(a, opset),
  countIncludePad: a.flag('count_include_pad'),
  columnMajor: a.flag('storage_order'),
})

function checkedInput(call: Call): Known {
  const x = required(call, 0)
  if (x.shape && x.shape.length < 3)
    throw wrong(
      call,
      `pooling needs batch, channels and at least one spatial axis, received ${x.shape.length} dimensions`,
    )
  // No largest, and no mean: ONNX Runtime refuses it, too.
  if (x.shape && x.shape[0] !== 0 && x.shape.slice(2).includes(0))
    throw wrong(call, 'there is nothing to pool on an axis of size 0', 'Give a larger input.')
  return x
}

/**
 * Shape of the pooled X.
 * @param ofNothing whether there is a result of no element: the norm, 0, or a mean that counts the padding, but no largest one
 * @throws NodeError without a kernel_shape, where the window does not fit, and where one of its places is in the padding alone
 */
export function poolShape(call: Call<PoolAttributes>, ofNothing: boolean): Shape | undefined {
  const x = checkedInput(call).shape
  const shape = pooledShape(call, x)
  if (x && shape && x[0] !== 0 && !ofNothing) checkCovers(call, x.slice(2), shape.slice(2))
  return shape
}

/** ONNX Runtime refuses it, too; ONNX's reference has NaN, or ends in an error. */
function checkCovers(call: Call<PoolAttributes>, space: Shape, output: Shape): void {
  const { window } = call.attributes
  if (!isConcrete(space) || !isConcrete(output)) return
  const sliding = slidingOf(call, window, window.kernelShape!, space)
  const axis = space.findIndex((_, i) => hasEmptyPlace(sliding, i))
  if (axis >= 0)
    throw wrong(call, `a window lies in the padding alone on axis ${axis + 2}, with pads [${sliding.pads}]`)
}

export function pooledShape(call: Call<PoolAttributes>, x: Shape | undefined): Shape | undefined {
  const { window } = call.attributes
  if (!window.kernelShape) throw wrong(call, 'attribute kernel_shape is missing', 'Export the model again.')
  return x && [...x.slice(0, 2), ...slide(call, window, window.kernelShape, x.slice(2)).output]
}

/** @throws NodeError unless input 0 has the shape of the pooled X (where known) */
export function checkPooled(call: Call<PoolAttributes>, x: Shape | undefined): void {
  const expected = pooledShape(call, x)
  const dy = required(call, 0).shape
  if (isConcrete(expected) && isConcrete(dy) && expected.join() !== dy.join())
    throw wrong(call, `dY [${dy}] is not of the shape [${expected}] that [${x}] is pooled to`)
}

/** [N, C, 1, …]. */
export function globalPoolShape(call: Call): Shape | undefined {
  return checkedInput(call).shape?.map((d, axis) => (axis < 2 ? d : 1))
}

/** The window with auto_pad resolved, as attributes of the node that computes the gradient. */
export function resolvedWindow(call: BackwardCall<PoolAttributes>): Record<string, AttributeValue> {
  const { window } = call.attributes
  const space = shapeIn(call, 0).slice(2)
  const sliding = slidingOf(call, window, window.kernelShape!, space)
  return {
    kernel_shape: sliding.kernelShape,
    strides: sliding.strides,
    dilations: sliding.dilations,
    pads: sliding.pads,
    // SAME rounds up by itself.
    ceil_mode: window.ceilMode && !window.autoPad.startsWith('SAME') ? 1 : 0,
  }
}

/** How many elements of X each element of Y is made of. */
export interface Reduction {
  readonly outputs: number
  readonly taps: number
}

export function windowReduction(call: InferredCall<PoolAttributes>): Reduction {
  return {
    outputs: elementCount(call.outputs[0]?.shape)!,
    taps: elementCount(call.attributes.window.kernelShape)!,
  }
}

export function globalReduction(call: InferredCall): Reduction {
  const x = call.inputs[0]?.shape as readonly number[]
  return { outputs: elementCount(x.slice(0, 2))!, taps: elementCount(x.slice(2))! }
}

/** One comparison per tap, the first one (with nothing) included, as the accumulators of a sum count theirs. */
export const maxCost = ({ outputs, taps }: Reduction): Arithmetic => ({ others: outputs * taps })

/** One addition per tap, one division per output. */
export const averageCost = ({ outputs, taps }: Reduction): Arithmetic => ({
  adds: outputs * taps,
  others: outputs,
  accumulators: outputs,
})

/**
 * (Σ |x|ᵖ)^(1/p): one addition per tap, the absolute value free; a square is a multiplication, another power one function value per tap;
 * one root per output. p = 1 needs neither powers nor roots.
 */
export function normCost({ outputs, taps }: Reduction, p: number): Arithmetic {
  const terms = outputs * taps
  return {
    adds: terms,
    muls: p === 2 ? terms : 0,
    others: (p !== 1 && p !== 2 ? terms : 0) + (p === 1 ? 0 : outputs),
    accumulators: outputs,
  }
}
