import { argExtreme } from './shared/arg-extreme.ts'

/** Where the least element lies along an axis (ONNX ArgMin). */
export const argMin = argExtreme('ArgMin', (x, best) => x < best)
