import { type Dim, elementCount, stridesOf, unknownDim } from '../../base/index.ts'
import type {
  Arithmetic,
  AttributeReader,
  BackwardCall,
  Call,
  ChannelRule,
  Dense,
  InferredCall,
  Labels,
  OperatorFacts,
  Ties,
} from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { asElement } from './as-element.ts'
import { passTracks } from './axis-tracks.ts'
import { type Algebra, algebra, gradientOf, shapeIn } from './backward.ts'
import { dense, required, typed, wrong } from './check.ts'
import { fromIndices, offsetOf } from './indices.ts'
import { distinctAxes, setting } from './settings.ts'

/*
 * Y = f(all X along the given axes), f a sum, a mean, a maximum …      (ONNX Reduce*)
 *
 * The axes are an attribute, in newer operator sets input 1; none given means all, or with noop_with_empty_axes = 1 none.
 */

export interface ReduceAttributes {
  readonly axes: readonly number[] | undefined
  readonly keepDims: boolean
  readonly noopWithEmptyAxes: boolean
}

const reduceAttributes = (a: AttributeReader): ReduceAttributes => ({
  axes: a.ints('axes'),
  keepDims: a.flag('keepdims', true),
  noopWithEmptyAxes: a.flag('noop_with_empty_axes'),
})

/** The reduced axes, ascending; undefined when they depend on data. */
export function reducedAxes(call: Call<ReduceAttributes>, rank: number): number[] | undefined {
  const axes = setting(call, call.attributes.axes, 1)
  if (axes.given && !axes.values && axes.count !== 0) return undefined
  const values = axes.values ?? []
  if (values.length > 0) return distinctAxes(call, values, rank).sort((a, b) => a - b)
  return call.attributes.noopWithEmptyAxes ? [] : Array.from({ length: rank }, (_, axis) => axis)
}

/** A shape with the given axes made 1, or left out. */
export function reducedShape<D extends Dim>(
  shape: readonly D[],
  axes: readonly number[],
  keepDims: boolean,
): (D | 1)[] {
  return keepDims ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i))
}

function inferReduce(call: Call<ReduceAttributes>) {
  const x = required(call, 0)
  if (!x.shape) return [typed(x.elementType, undefined)]
  const axes = reducedAxes(call, x.shape.length)
  if (axes) return [typed(x.elementType, reducedShape(x.shape, axes, call.attributes.keepDims))]
  if (call.attributes.keepDims)
    return [
      typed(
        x.elementType,
        x.shape.map((d) => (d === 1 ? 1 : unknownDim())),
      ),
    ]
  const { count } = setting(call, undefined, 1)
  return [typed(x.elementType, count === undefined ? undefined : x.shape.slice(count).map(() => unknownDim()))]
}

/** Applies f to the elements that each output element is made of. */
export function reduceDense(
  x: Dense,
  axes: readonly number[],
  keepDims: boolean,
  f: (values: Float64Array) => number,
): Dense {
  const strides = stridesOf(x.shape)
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d))
  const inner = axes.map((a) => x.shape[a]!)
  const innerStrides = axes.map((a) => strides[a]!)
  const data = fromIndices(kept, (index) => {
    const base = offsetOf(strides, index)
    return f(fromIndices(inner, (i) => x.data[base + offsetOf(innerStrides, i)]!))
  })
  return dense(x.elementType, reducedShape(x.shape, axes, keepDims), data)
}

/**
 * Channels on an axis that is reduced stay, or change what is calculated; the others move up where the reduced axes leave.
 * @param zero what a 0 less does: nothing ('neutral', to a sum), another number ('changes', to a mean), or another meaning ('stays', to a place)
 */
export function tieReduction(
  call: InferredCall,
  ties: Ties,
  axes: readonly number[],
  keepDims: boolean,
  zero: 'neutral' | 'changes' | 'stays' = 'stays',
): void {
  const why = (axis: number) => `${call.node.opType} combines the channels on axis ${axis}`
  const leave = (labels: Labels, axis: number) =>
    zero === 'neutral'
      ? ties.vanish([0], labels, why(axis))
      : zero === 'changes'
        ? ties.changes(labels, why(axis))
        : ties.freeze(labels, why(axis))
  ties.byRows()
  for (const { axes: own, labels } of ties.isConstant(0) ? [] : ties.tracks(0)) {
    const [row = 0, last = row] = own
    if (!axes.includes(last) || own.length > 2 || (own.length === 2 && axes.includes(row))) continue
    leave(labels, last)
    const rows = call.inputs[0]?.shape?.[row] as number
    if (own.length === 2) ties.balance(labels, rows, `its ${rows} rows must stay equally long`)
  }
  passTracks(call, ties, {
    to: (a) => (axes.includes(a) ? undefined : keepDims ? a : a - axes.filter((r) => r < a).length),
    why,
    leaves: (own) => own.length < 3 && axes.includes(own.at(-1)!) && !(own.length === 2 && axes.includes(own[0]!)),
  })
}

export interface ReduceOptions {
  /** What elements it takes: numbers, where nothing else is said. */
  readonly takes?: 'numeric' | 'numeric|bool'
  /** The version of the operator set that made the axes an input, 18 by default. */
  readonly axesInputSince?: number
  readonly forward: (values: Float64Array) => number
  /** Operations per input element and per output element. */
  readonly perInput: Arithmetic
  readonly perOutput?: Arithmetic
}

/** What the derivative of a reduction may need. */
export interface ReduceDerivative extends Algebra {
  readonly dy: string
  readonly x: string
  /** Only made where it is asked for. */
  y(): string
  readonly axes: readonly number[]
  /** How many elements are reduced to one. */
  readonly count: number
}

/** @param rule dX, or what broadcasts to it, from dY and Y, which have the reduced axes with size 1 here */
export function reductionBackward(
  call: BackwardCall<ReduceAttributes>,
  rule: (given: ReduceDerivative) => string,
): string[] {
  const shape = shapeIn(call, 0)
  const axes = reducedAxes(call, shape.length)
  if (!axes) throw wrong(call, 'no gradient passes where the axes depend on data')
  const kept = (value: string) =>
    call.attributes.keepDims ? value : call.emit.reshape(value, reducedShape(shape, axes, true))
  const dx = rule({
    ...algebra(call.emit),
    dy: kept(gradientOf(call)),
    x: call.node.inputs[0]!,
    y: () => kept(call.node.outputs[0]!),
    axes,
    count: axes.reduce((product, axis) => product * shape[axis]!, 1),
  })
  return [dx]
}

export function reduction<const N extends string>(
  name: N,
  { forward, takes = 'numeric', perInput, perOutput = {}, axesInputSince = 18 }: ReduceOptions,
): OperatorFacts<ReduceAttributes, N, ''> {
  return defineOperator({
    name,
    inputs: (opset) => [`data: ${takes}`, 'axes?: whole'].slice(0, opset < axesInputSince ? 1 : 2),
    attributes: reduceAttributes,
    infer: inferReduce,
    forward: (call, [x]) => {
      const axes = x && reducedAxes(call, x.shape.length)
      return x && axes
        ? [reduceDense(x, axes, call.attributes.keepDims, (values) => asElement(x.elementType, forward(values)))]
        : []
    },
    cost: (call) => {
      const inputs = elementCount(call.inputs[0]?.shape)!
      const outputs = elementCount(call.outputs[0]?.shape)!
      const count = (kind: 'adds' | 'muls' | 'others') =>
        inputs * (perInput[kind] ?? 0) + outputs * (perOutput[kind] ?? 0)
      return {
        adds: count('adds'),
        muls: count('muls'),
        others: count('others'),
        accumulators: perInput.adds ? outputs : 0,
      }
    },
  })
}

/**
 * @param zero what a 0 less does: nothing ('neutral', to a sum), or another number ('changes', to a mean)
 * @param ofZeros whether zeros are reduced to 0
 */
export const reductionChannels = (zero: 'neutral' | 'changes', ofZeros = true): ChannelRule<ReduceAttributes> => ({
  zeros: () => (ofZeros ? [[0]] : []),
  tie: (call, ties) => {
    const axes = reducedAxes(call, call.inputs[0]?.shape?.length ?? 0)
    if (axes) tieReduction(call, ties, axes, call.attributes.keepDims, zero)
    else ties.freezeInputs(`the axes of ${call.node.opType} depend on data`, 0)
  },
})

export const total = (values: Float64Array, f: (x: number) => number = (x) => x): number =>
  values.reduce((sum, x) => sum + f(x), 0)
