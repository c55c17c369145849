import { gruCell } from '../recurrent-cells.ts'
import { recurrent } from '../recurrent-operator.ts'

/** GRU: `gruCell` step by step (ONNX GRU, opset 1, 7, 14, 22). */
export const gru = recurrent('GRU', gruCell)
