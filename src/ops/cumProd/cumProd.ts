import { running } from '../running.ts'

/** Running products along an axis (ONNX CumProd). */
export const cumProd = running('CumProd', { start: 1, step: (product, x) => product * x, cost: { muls: 1 } })
