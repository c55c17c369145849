import { addProducts, factorise, solveFactorised, transposed } from '../../algebra/index.ts'
import type { Turn } from '../../base/index.ts'

/*
 * Ridge regression towards weights that are there, with a constant of its own for each target:
 *
 *     min over W, b of Σ_n ‖t_n − W·x_n − b‖² + λ·‖W − W₀‖²      λ = ridge · Σ_d var(x_d) · N / D
 *
 * so W = W₀ where nothing is known, as for a dead input, and equal inputs share what they are worth. With D inputs and N samples, either the D×D equations
 * (XᵀX + λ)·W = XᵀT + λ·W₀ of centred samples are solved, or, where there are fewer samples, the N×N equations (XXᵀ + λ)·α = T − X·W₀, W = W₀ + Xᵀα: the
 * same W. The ridge is chosen by samples that were held out.
 */

/** Samples of a layer. */
export interface RidgeSamples {
  /** Inputs [D, N]: each one's samples side by side. */
  readonly x: Float32Array
  /** Targets [M, N]. */
  readonly t: Float32Array
  readonly inputs: number
  readonly targets: number
  readonly count: number
}

/** y = weights · x + constants. */
export interface LinearMap {
  /** [M, D]. */
  readonly weights: Float64Array
  /** [M]. */
  readonly constants: Float64Array
}

/** Ridges that are tried, as powers of ten; the search begins at `firstRidge` and goes on while it gets better. */
const [leastRidge, firstRidge, mostRidge] = [-10, -3, 2]

/**
 * The best of the solutions of all ridges.
 * @param from W₀ and b
 * @param hasConstants whether the constants are solved for; otherwise they stay
 * @param errorOf squared error on samples that were held out
 * @returns undefined where no solution is better than `from`
 */
export async function ridgeRegression(
  samples: RidgeSamples,
  from: LinearMap,
  hasConstants: boolean,
  errorOf: (map: LinearMap) => Promise<number>,
  turn: Turn,
): Promise<LinearMap | undefined> {
  const equations = await (samples.count > samples.inputs ? primal : dual)(samples, from, hasConstants, turn)
  let best: LinearMap | undefined
  let least = await errorOf(from)
  const attempt = async (power: number): Promise<number> => {
    const map = await equations(10 ** power)
    const error = map ? await errorOf(map) : Number.NaN
    if (!(error < least)) return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error
    least = error
    best = map
    return error
  }
  const first = await attempt(firstRidge)
  const walk = async (step: number): Promise<boolean> => {
    let before = first
    for (let power = firstRidge + step; power >= leastRidge && power <= mostRidge; power += step) {
      const error = await attempt(power)
      if (!(error < before)) return power !== firstRidge + step
      before = error
    }
    return true
  }
  if (!(await walk(1))) await walk(-1)
  return best
}

/** Solutions by ridge; undefined where the equations cannot be solved. */
type Equations = (ridge: number) => Promise<LinearMap | undefined>

const meansOf = (rows: Float32Array, count: number, isCentred: boolean): Float64Array =>
  Float64Array.from({ length: rows.length / count }, (_, i) => {
    if (!isCentred) return 0
    let sum = 0
    for (let n = i * count; n < (i + 1) * count; n++) sum += rows[n]!
    return sum / count
  })

function centred(rows: Float32Array, means: Float64Array, count: number): Float64Array {
  const out = new Float64Array(rows.length)
  for (let i = 0; i < means.length; i++) for (let n = i * count; n < (i + 1) * count; n++) out[n] = rows[n]! - means[i]!
  return out
}

/** Means and centred samples of both sides. */
function prepared({ x, t, count }: RidgeSamples, hasConstants: boolean) {
  const [xMeans, tMeans] = [meansOf(x, count, hasConstants), meansOf(t, count, hasConstants)]
  return { xMeans, tMeans, x: centred(x, xMeans, count), t: centred(t, tMeans, count) }
}

/** The constants that go with weights: the means are met. */
function withConstants(
  weights: Float64Array,
  { xMeans, tMeans }: { readonly xMeans: Float64Array; readonly tMeans: Float64Array },
  from: LinearMap,
  hasConstants: boolean,
): LinearMap {
  if (!hasConstants) return { weights, constants: from.constants }
  const inputs = xMeans.length
  const constants = tMeans.map((mean, m) => {
    let sum = mean
    for (let d = 0; d < inputs; d++) sum -= weights[m * inputs + d]! * xMeans[d]!
    return sum
  })
  return { weights, constants }
}

/** Without constants of their own the targets are what is left of them. */
function withoutGiven(samples: RidgeSamples, from: LinearMap, hasConstants: boolean): RidgeSamples {
  if (hasConstants) return samples
  const { t, count } = samples
  return { ...samples, t: t.map((value, i) => value - from.constants[Math.floor(i / count)]!) }
}

async function primal(samples: RidgeSamples, from: LinearMap, hasConstants: boolean, turn: Turn): Promise<Equations> {
  const { inputs, targets, count } = samples
  const data = prepared(withoutGiven(samples, from, hasConstants), hasConstants)
  const square = new Float64Array(inputs * inputs)
  await addProducts({ a: data.x, b: data.x, n: inputs, m: inputs, terms: count, lower: true }, square, turn)
  const cross = new Float64Array(inputs * targets)
  await addProducts({ a: data.x, b: data.t, n: inputs, m: targets, terms: count }, cross, turn)
  const scale = traceOf(square, inputs) / inputs
  return async (ridge) => {
    const lambda = ridge * scale
    const factor = square.slice()
    for (let d = 0; d < inputs; d++) factor[d * inputs + d] = factor[d * inputs + d]! + lambda
    if (!(lambda > 0) || !(await factorise(factor, inputs, turn))) return undefined
    const solved = cross.slice()
    for (let d = 0; d < inputs; d++)
      for (let m = 0; m < targets; m++)
        solved[d * targets + m] = solved[d * targets + m]! + lambda * from.weights[m * inputs + d]!
    await solveFactorised(factor, inputs, solved, targets, turn)
    return withConstants(transposed(solved, inputs, targets), data, from, hasConstants)
  }
}

async function dual(samples: RidgeSamples, from: LinearMap, hasConstants: boolean, turn: Turn): Promise<Equations> {
  const { inputs, targets, count } = samples
  const data = prepared(withoutGiven(samples, from, hasConstants), hasConstants)
  const rows = transposed(data.x, inputs, count)
  const square = new Float64Array(count * count)
  await addProducts({ a: rows, b: rows, n: count, m: count, terms: inputs, lower: true }, square, turn)
  const scale = traceOf(square, count) / inputs
  const rest = transposed(data.t, targets, count)
  await addProducts({ a: rows, b: from.weights, n: count, m: targets, terms: inputs, factor: -1 }, rest, turn)
  return async (ridge) => {
    const lambda = ridge * scale
    const factor = square.slice()
    for (let n = 0; n < count; n++) factor[n * count + n] = factor[n * count + n]! + lambda
    if (!(lambda > 0) || !(await factorise(factor, count, turn))) return undefined
    const alpha = rest.slice()
    await solveFactorised(factor, count, alpha, targets, turn)
    const weights = from.weights.slice()
    const turned = transposed(alpha, count, targets)
    await addProducts({ a: turned, b: data.x, n: targets, m: inputs, terms: count }, weights, turn)
    return withConstants(weights, data, from, hasConstants)
  }
}

function traceOf(a: Float64Array, n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += a[i * n + i]!
  return sum
}
