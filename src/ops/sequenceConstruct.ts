import type { Dense } from '../graph/index.ts'
import { sequenceOf, sequenceOperator } from './shared/sequences.ts'

/** A sequence of its inputs (ONNX SequenceConstruct). */
export const sequenceConstruct = sequenceOperator('SequenceConstruct', {
  inputs: ['inputs…'],
  forward: (_, inputs) => sequenceOf(inputs as readonly Dense[]),
  unfold: (call, to) => {
    to.sequence(0, call.node.inputs)
    return true
  },
})
