import { lstmCell } from './shared/recurrent-cells.ts'
import { recurrent } from './shared/recurrent-operator.ts'

/** LSTM: `lstmCell` step by step (ONNX LSTM, opset 1, 7, 14, 22). */
export const lstm = recurrent('LSTM', lstmCell)
