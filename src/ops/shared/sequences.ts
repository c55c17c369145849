import type { Call, ChannelRule, Dense, Known, OperatorFacts, Signature, Unfolding } from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { contentOf, wrong } from './check.ts'

/*
 * Sequences of tensors. Where their elements are known they are another way to write Split and Concat: nodes unfold into these, and nothing of a
 * sequence is left. Otherwise they exist while the network runs (`Dense.sequence`).
 */

/** A sequence while the network runs. */
export const sequenceOf = (elements: readonly Dense[]): Dense => ({
  elementType: elements[0]?.elementType ?? 'float32',
  shape: [],
  data: [],
  sequence: elements,
})

/** @throws NodeError when the input is no sequence */
export function elementsOf(call: Call, input: Dense | undefined): readonly Dense[] {
  if (input?.sequence) return input.sequence
  throw wrong(call, 'its input is no sequence', 'Export the model again.')
}

/** The position among `count` elements, negative ones from the end. @throws NodeError when it is out of range */
export function positionAmong(call: Call, position: number, count: number): number {
  const at = position < 0 ? position + count : position
  if (at >= 0 && at < count) return at
  throw wrong(call, `position ${position} is out of range for a sequence of ${count}`)
}

/** The content of an optional position; `leftOut` where there is none, undefined where it depends on the data. */
export const positionIn = (call: Call, input: number, leftOut: number): number | undefined =>
  call.inputs[input] ? contentOf(call, input)?.[0] : leftOut

export interface SequenceOptions<A> {
  readonly inputs: Signature
  readonly attributes?: OperatorFacts<A>['attributes']
  readonly result?: (call: Call<A>) => Known
  readonly forward: (call: Call<A>, inputs: readonly (Dense | undefined)[]) => Dense
  /** False where the elements are not known. */
  readonly unfold: (call: Call<A>, to: Unfolding) => boolean
}

/** What is known of a sequence: nothing that shapes could tell. */
const unknownSequence: Known = { elementType: undefined, shape: undefined }

/** An operator that makes or takes a sequence. */
export const sequenceOperator = <const N extends string, A = void>(
  name: N,
  options: SequenceOptions<A>,
): OperatorFacts<A, N, ''> =>
  defineOperator({
    name,
    inputs: options.inputs,
    attributes: options.attributes ?? (() => undefined as A),
    infer: (call) => [options.result?.(call) ?? unknownSequence],
    forward: (call, inputs) => [options.forward(call, inputs)],
    unfold: options.unfold,
    cost: 'none',
  })

export const sequenceChannels: ChannelRule = {
  tie: (call, ties) => ties.freezeInputs(`${call.node.opType} works on a sequence whose length depends on the data`),
}
