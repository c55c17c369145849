import { KerfError } from '../../base/index.ts'

/** Weights of an adder convolution as codes that share scale and zero point with the activations: w ≈ scale·(code − zeroPoint). */
export interface AdderCodes {
  /** In the order of the weights. */
  readonly codes: Uint8Array
  /** Per filter Σ|w − clamp(w)| in units of `scale`: what clamping took away, to be added to Σ|xq − wq|. */
  readonly filterConstant: Float32Array
  readonly scale: number
  readonly zeroPoint: number
}

/**
 * Codes for activations in [lo, hi], which may be the range seen in calibration: scale and zero point as ONNX has them, 0 being exactly a code.
 * @param bits 1 to 8
 * @throws KerfError `bad-argument` when the range is empty or not finite
 */
export function adderScale(bits: number, lo: number, hi: number): { scale: number; zeroPoint: number } {
  const most = 2 ** bits - 1
  const low = Math.min(lo, 0)
  const high = Math.max(hi, 0)
  if (!(high > low) || !Number.isFinite(high - low))
    throw new KerfError(
      'bad-argument',
      `The range [${lo}, ${hi}] of an adder layer's input cannot be coded. Calibrate with other data.`,
    )
  const scale = Math.fround((high - low) / most)
  return { scale, zeroPoint: Math.min(most, Math.max(0, Math.round((-low * most) / (high - low)))) }
}

/**
 * Clamps weights to what the activations' codes can say, without loss: for every x in that range |x − w| = |x − clamp(w)| + |w − clamp(w)|,
 * and the second part is a constant of the filter. So the weights' range, which is far wider, does not set the scale.
 * @param weights [filters, channels per group, kernel…]
 * @param filters number of filters: the weights' first dimension
 * @throws KerfError `bad-argument`
 */
export function quantiseAdderWeights(
  weights: Float32Array,
  filters: number,
  { bits, lo, hi }: { readonly bits: number; readonly lo: number; readonly hi: number },
): AdderCodes {
  const { scale, zeroPoint } = adderScale(bits, lo, hi)
  const most = 2 ** bits - 1
  const low = -zeroPoint
  const high = most - zeroPoint
  const length = weights.length / filters
  const codes = new Uint8Array(weights.length)
  const filterConstant = new Float32Array(filters)
  for (let f = 0; f < filters; f++) {
    let rest = 0
    for (let k = f * length; k < (f + 1) * length; k++) {
      const w = (weights[k] as number) / scale
      const clamped = Math.min(Math.max(w, low), high)
      rest += Math.abs(w - clamped)
      codes[k] = Math.round(clamped) + zeroPoint
    }
    filterConstant[f] = rest
  }
  return { codes, filterConstant, scale, zeroPoint }
}
