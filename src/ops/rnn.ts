import { rnnCell } from './shared/recurrent-cells.ts'
import { recurrent } from './shared/recurrent-operator.ts'

/** RNN: `rnnCell` step by step (ONNX RNN, opset 1, 7, 14, 22). */
export const rnn = recurrent('RNN', rnnCell)
