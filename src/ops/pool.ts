import { elementCount, type Shape } from '../base/index.ts'
import type { Arithmetic, AttributeReader, Call, InferredCall, Known } from '../graph/index.ts'
import { required, wrong } from './check.ts'
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

export const poolAttributes = (a: AttributeReader): PoolAttributes => ({
  window: windowAttributes(a),
  p: a.int('p', 2),
  countIncludePad: a.int('count_include_pad', 0) === 1,
  columnMajor: a.int('storage_order', 0) === 1,
})

function checkedInput(call: Call): Known {
  const x = required(call, 0)
  if (x.shape && x.shape.length < 3)
    throw wrong(
      call,
      `pooling needs batch, channels and at least one spatial axis, received ${x.shape.length} dimensions`,
    )
  return x
}

/** Shape of the pooled X. @throws NodeError without a kernel_shape, or where the window does not fit */
export function poolShape(call: Call<PoolAttributes>): Shape | undefined {
  const x = checkedInput(call).shape
  const { window } = call.attributes
  if (!window.kernelShape) throw wrong(call, 'attribute kernel_shape is missing', 'Export the model again.')
  return x && [...x.slice(0, 2), ...slide(call, window, window.kernelShape, x.slice(2)).output]
}

/** [N, C, 1, …]. */
export function globalPoolShape(call: Call): Shape | undefined {
  return checkedInput(call).shape?.map((d, axis) => (axis < 2 ? d : 1))
}

/** How many elements of X each element of Y is made of. */
export interface Reduction {
  readonly outputs: number
  readonly taps: number
}

export function windowReduction(call: InferredCall<PoolAttributes>): Reduction {
  return {
    outputs: elementCount(call.outputs[0]?.shape) as number,
    taps: elementCount(call.attributes.window.kernelShape) as number,
  }
}

export function globalReduction(call: InferredCall): Reduction {
  const x = call.inputs[0]?.shape as readonly number[]
  return { outputs: elementCount(x.slice(0, 2)) as number, taps: elementCount(x.slice(2)) as number }
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
    others: (p > 2 ? terms : 0) + (p === 1 ? 0 : outputs),
    accumulators: outputs,
  }
}
