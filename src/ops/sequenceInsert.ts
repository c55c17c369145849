import { wrong } from './shared/check.ts'
import { elementsOf, positionIn, sequenceOf, sequenceOperator } from './shared/sequences.ts'

/** The sequence with a tensor put in at a position, by default at the end (ONNX SequenceInsert). */
export const sequenceInsert = sequenceOperator('SequenceInsert', {
  inputs: ['input_sequence', 'tensor', 'position?'],
  forward: (call, [sequence, tensor, position]) => {
    const elements = elementsOf(call, sequence)
    const at = position?.data[0] ?? elements.length
    // Behind the last is a place too.
    if (at < -elements.length || at > elements.length)
      throw wrong(call, `position ${at} is out of range for a sequence of ${elements.length}`)
    return sequenceOf(elements.toSpliced(at, 0, tensor!))
  },
  unfold: (call, to) => {
    const elements = to.elements(call.node.inputs[0]!)
    const at = elements && positionIn(call, 2, elements.length)
    if (!elements || at === undefined) return false
    to.sequence(0, elements.toSpliced(at, 0, call.node.inputs[1]!))
    return true
  },
})
