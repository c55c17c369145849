import { contentOf } from './shared/check.ts'
import { elementsOf, positionAmong, sequenceOperator } from './shared/sequences.ts'

/** The element of a sequence at a position (ONNX SequenceAt). */
export const sequenceAt = sequenceOperator('SequenceAt', {
  inputs: ['input_sequence', 'position'],
  forward: (call, [sequence, position]) => {
    const elements = elementsOf(call, sequence)
    return elements[positionAmong(call, position?.data[0] as number, elements.length)]!
  },
  unfold: (call, to) => {
    const elements = to.elements(call.node.inputs[0]!)
    const position = contentOf(call, 1)?.[0]
    if (!elements || position === undefined) return false
    to.output(0, elements[positionAmong(call, position, elements.length)]!)
    return true
  },
})
