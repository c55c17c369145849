import { sequenceOf, sequenceOperator } from './shared/sequences.ts'

/** A sequence without elements (ONNX SequenceEmpty). */
export const sequenceEmpty = sequenceOperator('SequenceEmpty', {
  inputs: [],
  forward: () => sequenceOf([]),
  unfold: (_, to) => {
    to.sequence(0, [])
    return true
  },
})
