import { argExtreme } from './shared/arg-extreme.ts'

/** Where the greatest element lies along an axis (ONNX ArgMax). */
export const argMax = argExtreme('ArgMax', (x, best) => x > best)
