import type { OrtTensor } from './ort.ts'

export type Outputs = Readonly<Record<string, OrtTensor>>

/** Largest difference between two runs' outputs, as a part of the largest value of each output; infinite when shapes differ. */
export function compareOutputs(expected: Outputs, got: Outputs): number {
  let worst = 0
  for (const [name, a] of Object.entries(expected)) {
    const b = got[name]
    if (!b || a.dims.join() !== b.dims.join()) return Number.POSITIVE_INFINITY
    const x = a.data as Float32Array
    const y = b.data as Float32Array
    const size = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1
    x.forEach((v, i) => {
      const d = Math.abs(v - y[i]!) / size
      worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d)
    })
  }
  return worst
}
