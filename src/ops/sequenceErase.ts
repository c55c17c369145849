import { elementsOf, positionAmong, positionIn, sequenceOf, sequenceOperator } from './shared/sequences.ts'

/** The sequence without the element at a position, by default the last (ONNX SequenceErase). */
export const sequenceErase = sequenceOperator('SequenceErase', {
  inputs: ['input_sequence', 'position?'],
  forward: (call, [sequence, position]) => {
    const elements = elementsOf(call, sequence)
    return sequenceOf(elements.toSpliced(positionAmong(call, position?.data[0] ?? -1, elements.length), 1))
  },
  unfold: (call, to) => {
    const elements = to.elements(call.node.inputs[0]!)
    const at = positionIn(call, 1, -1)
    if (!elements || at === undefined) return false
    to.sequence(0, elements.toSpliced(positionAmong(call, at, elements.length), 1))
    return true
  },
})
