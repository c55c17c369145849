import type { Call, Unfolding } from '../graph/index.ts'
import { stacked, stackedNodes } from './shared/bodies.ts'
import { axisOf, wrong } from './shared/check.ts'
import { joined } from './shared/joining.ts'
import { elementsOf, sequenceOperator } from './shared/sequences.ts'

interface ConcatFromSequenceAttributes {
  readonly axis: number
  /** Whether the elements are put behind one another along an axis of their own. */
  readonly newAxis: boolean
}

function joinedNodes(call: Call<ConcatFromSequenceAttributes>, to: Unfolding, elements: readonly string[]): string {
  const { axis, newAxis } = call.attributes
  if (newAxis) return stackedNodes(to, call, elements, axis)
  return to.nodes('Concat', elements, 1, { axis })[0]!
}

/** The elements of a sequence behind one another along an axis (ONNX ConcatFromSequence). */
export const concatFromSequence = sequenceOperator('ConcatFromSequence', {
  inputs: ['input_sequence'],
  attributes: (a): ConcatFromSequenceAttributes => ({ axis: a.int('axis', 0), newAxis: a.flag('new_axis') }),
  forward: (call, [sequence]) => {
    const elements = elementsOf(call, sequence)
    const [first] = elements
    if (!first) throw wrong(call, 'the sequence is empty')
    const { axis, newAxis } = call.attributes
    const rank = first.shape.length + (newAxis ? 1 : 0)
    const at = axisOf(call, axis, rank)
    return newAxis ? stacked(elements, at, undefined) : joined(elements, at)
  },
  unfold: (call, to) => {
    const elements = to.elements(call.node.inputs[0]!)
    if (!elements?.length) return false
    to.output(0, joinedNodes(call, to, elements))
    return true
  },
})
