import { broadcastShapes, type Dim, elementCount, type Shape } from '../../base/index.ts'
import type {
  Arithmetic,
  Call,
  ChannelRule,
  InferredCall,
  Labels,
  NodeLaw,
  Ties,
  Track,
  WeightedSum,
} from '../../graph/index.ts'
import { required, wrong } from './check.ts'
import { convolutionLaw, evaluateLaw } from './laws.ts'

/*
 * Products of matrices: Y[…, m, n] = Σ_k A[…, m, k] · B[…, k, n], leading axes broadcast, as NumPy's matmul. A vector as A has no m,
 * a vector as B no n, and neither has the result.
 */

/** Which inputs are the operands. */
export interface Operands {
  readonly a: number
  readonly b: number
}

/** Where the axes of a product lie: m and k in A, k and n in B, m and n in Y; undefined for those that a vector has not. */
export interface ProductAxes {
  readonly a: { readonly m: number | undefined; readonly k: number }
  readonly b: { readonly k: number; readonly n: number | undefined }
  readonly y: { readonly m: number | undefined; readonly n: number | undefined }
}

function productAxes(rankA: number, rankB: number): ProductAxes {
  const batch = Math.max(rankA, rankB, 2) - 2
  const m = rankA > 1 ? batch : undefined
  return {
    a: { m: rankA > 1 ? rankA - 2 : undefined, k: rankA - 1 },
    b: { k: rankB > 1 ? rankB - 2 : 0, n: rankB > 1 ? rankB - 1 : undefined },
    y: { m, n: rankB > 1 ? batch + (rankA > 1 ? 1 : 0) : undefined },
  }
}

/** @throws NodeError for scalars, where the contracted sizes differ, and where the leading axes cannot be broadcast */
export function productShape(call: Call, { a, b }: Operands): Shape | undefined {
  const left = required(call, a).shape
  const right = required(call, b).shape
  if (!left || !right) return undefined
  if (left.length === 0 || right.length === 0)
    throw wrong(call, 'an operand is a scalar', 'Use Mul for a product with a scalar.')
  const axes = productAxes(left.length, right.length)
  const rows = left[axes.a.k]
  const columns = right[axes.b.k]
  if (typeof rows === 'number' && typeof columns === 'number' && rows !== columns)
    throw wrong(
      call,
      `the last axis of the left operand (${rows}) ≠ the second last of the right one (${columns})`,
      `Check what makes "${call.node.inputs[a]}".`,
    )
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2))
  if (!batch) throw wrong(call, 'the leading axes cannot be broadcast together')
  const kept = [
    axes.a.m === undefined ? undefined : left[axes.a.m],
    axes.b.n === undefined ? undefined : right[axes.b.n],
  ]
  return [...batch, ...kept.filter((d): d is Dim => d !== undefined)]
}

/** One multiplication and one addition for each of `terms` terms of each output, as the law of a pointwise layer. */
export function contractionCost(outputs: number, terms: number): Arithmetic {
  const sizes = { P: outputs, K: 1, C_in: terms, C_out: 1, g: 1 }
  return { ...evaluateLaw(convolutionLaw, sizes), accumulators: outputs }
}

/** The same as a formula: each of the rows meets C_in terms for each of C_out columns. */
export const contractionLaw = (outputs: readonly number[], terms: number): NodeLaw => ({
  ...{
    law: convolutionLaw,
    positions: outputs.slice(0, -1),
    kernel: [],
    C_in: terms,
    C_out: outputs.at(-1) ?? 1,
    g: 1,
  },
})

export function productLaw(call: InferredCall, { a, b }: Operands): NodeLaw {
  const [left, right] = [a, b].map((i) => call.inputs[i]?.shape as readonly number[])
  const { k } = productAxes(left!.length, right!.length).a
  return contractionLaw(call.outputs[0]?.shape as readonly number[], left![k]!)
}

export function productCost(call: InferredCall, { a, b }: Operands): Arithmetic {
  const left = call.inputs[a]?.shape as readonly number[]
  const right = call.inputs[b]?.shape as readonly number[]
  return contractionCost(elementCount(call.outputs[0]?.shape)!, left[productAxes(left.length, right.length).a.k]!)
}

/**
 * A linear layer: the weight is input 1, channels lie on the last axis of x and y.
 * @param axis the last one
 * @param places rows of x in one image
 * @param isTransposed the weight is [out, in], not [in, out]
 */
export const linearSum = (
  axis: number,
  inChannels: number,
  outChannels: number,
  places: number,
  isTransposed: boolean,
  bias: number | undefined,
): WeightedSum => ({
  ...{ input: 0, weight: 1, bias, groups: 1, inChannels, outChannels, taps: 1, places, met: 1 },
  x: { axis, channel: 1, place: inChannels },
  y: { axis, channel: 1, place: outChannels },
  w: { group: 0, out: isTransposed ? inChannels : 1, in: isTransposed ? 1 : outChannels, tap: 0 },
  sources: () => Int32Array.from({ length: places }, (_, p) => p),
})

/** A product with a matrix on the right, which all rows of the left operand meet. */
export function productSum({ inputs, outputs }: InferredCall): WeightedSum | undefined {
  const [x, w, y] = [inputs[0], inputs[1], outputs[0]].map((v) => v?.shape as readonly number[])
  if (w?.length !== 2 || !x || x.length < 2) return undefined
  return linearSum(x.length - 1, w[0]!, w[1]!, elementCount(y!.slice(1, -1))!, false, undefined)
}

/** An input and one of its axes. */
export interface OperandAxis {
  readonly input: number
  readonly axis: number
}

/**
 * The contracted axes go together. Where neither is a weight's, a channel that goes must be 0 in one of the two.
 * @param a its contracted axis, and the free one, if it is no vector
 */
export function tieContraction(ties: Ties, a: ContractedOperand, b: ContractedOperand): void {
  const weights = [a, b].filter(({ input }) => ties.isWeight(input))
  if (weights.length === 0) {
    tieSummed(ties, [a, b])
    return
  }
  const labels = ties.labels(a.input, a.axis)
  ties.unite(labels, ties.labels(b.input, b.axis))
  for (const { input, free } of weights) if (free === undefined) tieVector(ties, input, labels)
}

/** A weight without channels of its own is no root: masked, it has to be 0 on those that go all the same. */
export const tieVector = (ties: Ties, input: number, labels: Labels): void =>
  ties.vanish([input], labels, 'its weight is computed, and would not be 0 there if it were masked')

interface ContractedOperand extends OperandAxis {
  readonly free: number | undefined
}

/** Axes of activations that are summed over together, without a weight. */
export function tieSummed(ties: Ties, axes: readonly OperandAxis[]): void {
  if (!axes.some(({ input, axis }) => ties.isTracked(input, axis))) return
  const [first, ...others] = axes.map(({ input, axis }) => ties.labels(input, axis)) as [Labels, ...Labels[]]
  for (const other of others) ties.unite(first, other)
  ties.vanish(
    axes.map(({ input }) => input),
    first,
    'it is summed over without a weight, and would not be 0 there if it were masked',
  )
}

/**
 * Labels of an operand's free axis: a stored operand makes neurons there, an activation's channels go on if they are followed.
 * @param sums what the other operand is summed over
 */
export function freeAxis(ties: Ties, input: number, axis: number | undefined, sums?: OperandAxis): Labels | undefined {
  if (axis === undefined) return undefined
  if (ties.isWeight(input)) {
    ties.root(input, axis, 'neuron', { sums })
    return ties.labels(input, axis)
  }
  return ties.isTracked(input, axis) ? ties.labels(input, axis) : undefined
}

/** Leading axes are broadcast: they go on where an activation's are followed, tied to the other operand's. */
function batchTracks(call: InferredCall, ties: Ties, { a, b }: Operands): Track[] {
  const tracks: Track[] = []
  const batch = (input: number) => (call.inputs[input]?.shape ?? []).slice(0, -2)
  const rank = Math.max(batch(a).length, batch(b).length)
  for (let axis = 0; axis < rank; axis++) {
    const wide = [a, b].flatMap((input) => {
      const own = axis - rank + batch(input).length
      return own >= 0 && batch(input)[own] !== 1 ? [{ input, own }] : []
    })
    if (!wide.some(({ input, own }) => ties.isTracked(input, own))) continue
    const [first, second] = wide.map(({ input, own }) => ties.labels(input, own)) as [Labels, Labels?]
    if (second) ties.unite(first, second)
    tracks.push({ axes: [axis], labels: first })
  }
  return tracks
}

/**
 * @param perRow inputs with one entry per row of A (or one for all)
 * @param perColumn the same per column of B, along their last axis
 */
export function productChannels<T>(
  operands: Operands,
  perRow: readonly number[] = [],
  perColumn: readonly number[] = [],
): ChannelRule<T> {
  const { a, b } = operands
  return {
    tie(call, ties) {
      const left = call.inputs[a]?.shape ?? []
      const right = call.inputs[b]?.shape ?? []
      if (perRow.some((i) => (elementCount(call.inputs[i]?.shape) ?? 1) !== 1))
        return ties.freezeInputs('its rows are quantised apart')
      const axes = productAxes(left.length, right.length)
      tieContraction(ties, { input: a, axis: axes.a.k, free: axes.a.m }, { input: b, axis: axes.b.k, free: axes.b.n })
      const tracks = batchTracks(call, ties, operands)
      const rows = freeAxis(ties, a, axes.a.m, { input: b, axis: axes.b.k })
      const columns = freeAxis(ties, b, axes.b.n, { input: a, axis: axes.a.k })
      if (rows) tracks.push({ axes: [axes.y.m!], labels: rows })
      if (columns) tracks.push({ axes: [axes.y.n!], labels: columns })
      for (const i of perColumn) {
        const shape = call.inputs[i]?.shape ?? []
        if (columns && shape.at(-1) === columns.length && columns.length > 1)
          ties.unite(columns, ties.labels(i, shape.length - 1))
      }
      ties.setOutput(0, tracks)
    },
    zeros: () => [[a], [b]],
  }
}
