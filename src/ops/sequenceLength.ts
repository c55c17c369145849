import { tensorOf } from '../graph/index.ts'
import { dense, typed } from './shared/check.ts'
import { elementsOf, sequenceOperator } from './shared/sequences.ts'

/** How many elements a sequence has (ONNX SequenceLength). */
export const sequenceLength = sequenceOperator('SequenceLength', {
  inputs: ['input_sequence'],
  result: () => typed('int64', []),
  forward: (call, [sequence]) => dense('int64', [], [elementsOf(call, sequence).length]),
  unfold: (call, to) => {
    const elements = to.elements(call.node.inputs[0]!)
    if (!elements) return false
    to.output(0, to.constant(tensorOf('int64', [], [elements.length])))
    return true
  },
})
