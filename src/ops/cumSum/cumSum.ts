import { running } from '../running.ts'

/** Running sums along an axis (ONNX CumSum). */
export const cumSum = running('CumSum', { start: 0, step: (sum, x) => sum + x, cost: { adds: 1 } })
