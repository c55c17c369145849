/*
 * Bilinear resampling of one axis with the triangle w(t) = max(0, 1 − |t|), as Pillow does it: pixel i covers i..i+1, output o looks at
 * c = (o + ½) · in/out and weighs the inputs by w((i + ½ − c) / s), s = max(1, in/out), so that shrinking averages over all that an
 * output covers and enlarging interpolates between two; weights outside the image are left out and the rest divided by their sum.
 */

/** Weights from one axis to another: output o is Σ weights[o · width + j] · input[starts[o] + j] over j < counts[o]. */
export interface Resampling {
  readonly inSize: number
  readonly outSize: number
  readonly width: number
  readonly starts: Int32Array
  readonly counts: Int32Array
  readonly weights: Float64Array
}

export function resampling(inSize: number, outSize: number): Resampling {
  const ratio = inSize / outSize
  const support = Math.max(1, ratio)
  const width = Math.ceil(support) * 2 + 1
  const starts = new Int32Array(outSize)
  const counts = new Int32Array(outSize)
  const weights = new Float64Array(outSize * width)
  for (let o = 0; o < outSize; o++) {
    const centre = (o + 0.5) * ratio
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const end = Math.min(inSize, Math.trunc(centre + support + 0.5))
    const row = weights.subarray(o * width, o * width + end - start)
    let sum = 0
    for (let i = start; i < end; i++) {
      const weight = Math.max(0, 1 - Math.abs((i + 0.5 - centre) / support))
      row[i - start] = weight
      sum += weight
    }
    for (let j = 0; j < row.length; j++) row[j] = row[j]! / sum
    starts[o] = start
    counts[o] = end - start
  }
  return { inSize, outSize, width, starts, counts, weights }
}

/**
 * Resamples the rows of planes, or their columns.
 * @param from [planes, in] for `stride` 1; [planes, in, stride] in general, of which the middle axis is resampled
 * @param into [planes, out, stride]
 */
export function resampleAxis(
  from: Float32Array,
  into: Float32Array,
  planes: number,
  stride: number,
  { inSize, outSize, width, starts, counts, weights }: Resampling,
): void {
  for (let plane = 0; plane < planes; plane++)
    for (let o = 0; o < outSize; o++) {
      const source = (plane * inSize + starts[o]!) * stride
      const target = (plane * outSize + o) * stride
      const count = counts[o]!
      for (let s = 0; s < stride; s++) {
        let sum = 0
        for (let j = 0; j < count; j++) sum += weights[o * width + j]! * from[source + j * stride + s]!
        into[target + s] = sum
      }
    }
}

const fractionBits = 22

/** Weights as Pillow rounds them for 8-bit images. */
export const fixedWeights = ({ weights }: Resampling): Int32Array =>
  Int32Array.from(weights, (w) => Math.trunc(w * 2 ** fractionBits + 0.5))

/** `resampleAxis` for bytes, with the very roundings that Pillow has. */
export function resampleBytes(
  from: Uint8Array,
  into: Uint8ClampedArray,
  planes: number,
  stride: number,
  resampling: Resampling,
  fixed = fixedWeights(resampling),
): void {
  const { inSize, outSize, width, starts, counts } = resampling
  for (let plane = 0; plane < planes; plane++)
    for (let o = 0; o < outSize; o++) {
      const source = (plane * inSize + starts[o]!) * stride
      const target = (plane * outSize + o) * stride
      const count = counts[o]!
      for (let s = 0; s < stride; s++) {
        let sum = 1 << (fractionBits - 1)
        for (let j = 0; j < count; j++) sum += fixed[o * width + j]! * from[source + j * stride + s]!
        into[target + s] = sum >> fractionBits
      }
    }
}
