import {
  type Call,
  type ChannelRule,
  type Dense,
  type Known,
  mostMadeNodes,
  type OperatorFacts,
  type Reference,
  type Signature,
  tensorOf,
  type Unfolding,
} from '../graph/index.ts'
import { defineOperator, type ReferencesOf } from './operator.ts'
import { partsOf, stacked, stackedNodes, withoutAxis } from './shared/bodies.ts'
import { axisOf, contentOf, dense, required, typed, wrong } from './shared/check.ts'
import { joined, parted } from './shared/joining.ts'

/*
 * Sequences of tensors. Where their elements are known they are another way to write Split and Concat: nodes unfold into these, and nothing of a
 * sequence is left. Otherwise they exist while the network runs (`Dense.sequence`).
 */

/** A sequence while the network runs. */
const sequenceOf = (elements: readonly Dense[]): Dense => ({
  elementType: elements[0]?.elementType ?? 'float32',
  shape: [],
  data: [],
  sequence: elements,
})

/** @throws NodeError when the input is no sequence */
function elementsOf(call: Call, input: Dense | undefined): readonly Dense[] {
  if (input?.sequence) return input.sequence
  throw wrong(call, 'its input is no sequence', 'Export the model again.')
}

/** The position among `count` elements, negative ones from the end. @throws NodeError when it is out of range */
function positionAmong(call: Call, position: number, count: number): number {
  const at = position < 0 ? position + count : position
  if (at >= 0 && at < count) return at
  throw wrong(call, `position ${position} is out of range for a sequence of ${count}`)
}

/** The content of an optional position; `leftOut` where there is none, undefined where it depends on the data. */
const positionIn = (call: Call, input: number, leftOut: number): number | undefined =>
  call.inputs[input] ? contentOf(call, input)?.[0] : leftOut

interface SequenceOptions<A> {
  readonly inputs: Signature
  readonly attributes?: OperatorFacts<A>['attributes']
  readonly result?: (call: Call<A>) => Known
  /** False where the elements are not known. */
  readonly unfold: (call: Call<A>, to: Unfolding) => boolean
}

/** What is known of a sequence: nothing that shapes could tell. */
const unknownSequence: Known = { elementType: undefined, shape: undefined }

/** An operator that makes or takes a sequence. */
const sequenceOperator = <const N extends string, A = void>(
  name: N,
  options: SequenceOptions<A>,
): OperatorFacts<A, N, ''> =>
  defineOperator({
    name,
    inputs: options.inputs,
    attributes: options.attributes ?? (() => undefined as A),
    infer: (call) => [options.result?.(call) ?? unknownSequence],
    unfold: options.unfold,
    cost: 'none',
  })

export const sequenceChannels: ChannelRule = {
  tie: (call, ties) => ties.freezeInputs(`${call.node.opType} works on a sequence whose length depends on the data`),
}

interface ConcatFromSequenceAttributes {
  readonly axis: number
  /** Whether the elements are put behind one another along an axis of their own. */
  readonly newAxis: boolean
}

interface SplitToSequenceAttributes {
  readonly axis: number
  /** Whether parts of one element keep the axis; only where no sizes are given. */
  readonly keepDims: boolean
}

/** Sizes of the parts of an axis: a list, one size for all but a smaller last one, or one each. */
function sizesOf(call: Call, size: number, given: ArrayLike<number> | undefined): number[] {
  const isList = call.inputs[1]?.shape?.length === 1
  const part = given?.[0] ?? 1
  if (!isList && part < 1) throw wrong(call, `parts of ${part} elements`)
  // The size may be what a file says, and every part is a value of its own.
  if (!isList && size / part > mostMadeNodes)
    throw wrong(call, `${Math.ceil(size / part)} parts are more than ${mostMadeNodes}`, 'Split into larger parts.')
  if (!given) return new Array<number>(size).fill(1)
  const sizes = isList
    ? Array.from(given)
    : Array.from({ length: Math.ceil(size / part) }, (_, i) => Math.min(part, size - i * part))
  if (sizes.some((s) => s < 0) || sizes.reduce((a, b) => a + b, 0) !== size)
    throw wrong(call, `the parts [${sizes}] do not make up ${size}`)
  return sizes
}

export const sequences = {
  /** The elements of a sequence behind one another along an axis (ONNX ConcatFromSequence). */
  concatFromSequence: sequenceOperator('ConcatFromSequence', {
    inputs: ['input_sequence'],
    attributes: (a): ConcatFromSequenceAttributes => ({ axis: a.int('axis', 0), newAxis: a.flag('new_axis') }),
    unfold: (call, to) => {
      const elements = to.elements(call.node.inputs[0]!)
      if (!elements?.length) return false
      const { axis, newAxis } = call.attributes
      to.output(0, newAxis ? stackedNodes(to, call, elements, axis) : to.nodes('Concat', elements, 1, { axis })[0]!)
      return true
    },
  }),
  /** The element of a sequence at a position (ONNX SequenceAt). */
  sequenceAt: sequenceOperator('SequenceAt', {
    inputs: ['input_sequence', 'position: whole'],
    unfold: (call, to) => {
      const elements = to.elements(call.node.inputs[0]!)
      const position = contentOf(call, 1)?.[0]
      if (!elements || position === undefined) return false
      to.output(0, elements[positionAmong(call, position, elements.length)]!)
      return true
    },
  }),
  /** A sequence of its inputs (ONNX SequenceConstruct). */
  sequenceConstruct: sequenceOperator('SequenceConstruct', {
    inputs: ['inputs…: =inputs'],
    unfold: (call, to) => {
      to.sequence(0, call.node.inputs)
      return true
    },
  }),
  /** A sequence without elements (ONNX SequenceEmpty). */
  sequenceEmpty: sequenceOperator('SequenceEmpty', {
    inputs: [],
    unfold: (_, to) => {
      to.sequence(0, [])
      return true
    },
  }),
  /** The sequence without the element at a position, by default the last (ONNX SequenceErase). */
  sequenceErase: sequenceOperator('SequenceErase', {
    inputs: ['input_sequence', 'position?: whole'],
    unfold: (call, to) => {
      const elements = to.elements(call.node.inputs[0]!)
      const at = positionIn(call, 1, -1)
      if (!elements || at === undefined) return false
      to.sequence(0, elements.toSpliced(positionAmong(call, at, elements.length), 1))
      return true
    },
  }),
  /** The sequence with a tensor put in at a position, by default at the end (ONNX SequenceInsert). */
  sequenceInsert: sequenceOperator('SequenceInsert', {
    inputs: ['input_sequence', 'tensor', 'position?: whole'],
    unfold: (call, to) => {
      const elements = to.elements(call.node.inputs[0]!)
      const at = elements && positionIn(call, 2, elements.length)
      if (!elements || at === undefined) return false
      to.sequence(0, elements.toSpliced(at, 0, call.node.inputs[1]!))
      return true
    },
  }),
  /** How many elements a sequence has (ONNX SequenceLength). */
  sequenceLength: sequenceOperator('SequenceLength', {
    inputs: ['input_sequence'],
    result: () => typed('int64', []),
    unfold: (call, to) => {
      const elements = to.elements(call.node.inputs[0]!)
      if (!elements) return false
      to.output(0, to.constant(tensorOf('int64', [], [elements.length])))
      return true
    },
  }),
  /** A tensor's parts along an axis as a sequence (ONNX SplitToSequence, opset 11, 24). */
  splitToSequence: sequenceOperator('SplitToSequence', {
    inputs: ['input', 'split?: whole'],
    attributes: (a): SplitToSequenceAttributes => ({ axis: a.int('axis', 0), keepDims: a.flag('keepdims', true) }),
    unfold: (call, to) => {
      const { shape } = required(call, 0)
      const given = call.inputs[1] && contentOf(call, 1)
      const axis = shape && axisOf(call, call.attributes.axis, shape.length)
      const size = axis === undefined ? undefined : shape?.[axis]
      if (axis === undefined || typeof size !== 'number' || size === 0 || (call.inputs[1] && !given)) return false
      const parts = partsOf(to, call, call.node.inputs[0]!, axis, sizesOf(call, size, given))
      const keeps = call.inputs[1] !== undefined || call.attributes.keepDims
      to.sequence(0, keeps ? parts : parts.map((part) => withoutAxis(to, call, part, axis)))
      return true
    },
  }),
}

/** How the one output is made. */
const making = <A = void>(forward: (call: Call<A>, inputs: readonly (Dense | undefined)[]) => Dense): Reference<A> => ({
  forward: (call, inputs) => [forward(call, inputs)],
})

/** While the network runs. */
export const sequencesReference = {
  concatFromSequence: making<ConcatFromSequenceAttributes>((call, [sequence]) => {
    const elements = elementsOf(call, sequence)
    const [first] = elements
    if (!first) throw wrong(call, 'the sequence is empty')
    const { axis, newAxis } = call.attributes
    const rank = first.shape.length + (newAxis ? 1 : 0)
    const at = axisOf(call, axis, rank)
    return newAxis ? stacked(elements, at, undefined) : joined(elements, at)
  }),
  sequenceAt: making((call, [sequence, position]) => {
    const elements = elementsOf(call, sequence)
    return elements[positionAmong(call, position?.data[0] as number, elements.length)]!
  }),
  sequenceConstruct: making((_, inputs) => sequenceOf(inputs as readonly Dense[])),
  sequenceEmpty: making(() => sequenceOf([])),
  sequenceErase: making((call, [sequence, position]) => {
    const elements = elementsOf(call, sequence)
    return sequenceOf(elements.toSpliced(positionAmong(call, position?.data[0] ?? -1, elements.length), 1))
  }),
  sequenceInsert: making((call, [sequence, tensor, position]) => {
    const elements = elementsOf(call, sequence)
    const at = position?.data[0] ?? elements.length
    // Behind the last is a place too.
    if (at < -elements.length || at > elements.length)
      throw wrong(call, `position ${at} is out of range for a sequence of ${elements.length}`)
    return sequenceOf(elements.toSpliced(at, 0, tensor!))
  }),
  sequenceLength: making((call, [sequence]) => dense('int64', [], [elementsOf(call, sequence).length])),
  splitToSequence: making<SplitToSequenceAttributes>((call, [x, split]) => {
    const tensor = x!
    const axis = axisOf(call, call.attributes.axis, tensor.shape.length)
    const parts = parted(tensor, axis, sizesOf(call, tensor.shape[axis]!, split?.data))
    const keeps = split || call.attributes.keepDims
    return sequenceOf(keeps ? parts : parts.map((part) => ({ ...part, shape: part.shape.toSpliced(axis, 1) })))
  }),
} satisfies ReferencesOf<typeof sequences>
