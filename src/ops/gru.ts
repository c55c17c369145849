import { gruCell } from './shared/recurrent-cells.ts'
import { recurrent } from './shared/recurrent-operator.ts'

/** GRU: `gruCell` step by step (ONNX GRU, opset 1, 7, 14, 22). */
export const gru = recurrent('GRU', gruCell)
