import { addProducts, factorise, solveFactorised, transposed } from '../../algebra/index.ts'
import type { MatrixTurn } from '../../base/index.ts'

/*
 * Ridge regression towards weights that are there, with a constant of its own for each target:
 *
 *     min over W, b of Σ_n ‖t_n − W·x_n − b‖² + λ·‖W − W₀‖²      λ = ridge · Σ_d var(x_d) · N / D
 *
 * so W = W₀ where nothing is known, as for a dead input, and equal inputs share what they are worth. With D inputs and N samples, either the D×D equations
 * (XᵀX + λ)·W = XᵀT + λ·W₀ of centred samples are solved, or, where there are fewer samples, the N×N equations (XXᵀ + λ)·α = T − X·W₀, W = W₀ + Xᵀα: the
 * same W. The ridge is chosen by samples that were held out.
 *
 * Where results are cut off behind (a ReLU), how far they lie beyond is of no account: ‖clamp(t) − clamp(W·x + b)‖² is wanted. So, as in Zhang et al. (TPAMI 2016), a
 * target that lies beyond a bound gives way to what is given there, as far as that lies beyond it, too; then the same equations are solved with these targets.
 */

/** What should be given. */
export interface Targets {
  /** [M, N]: each target's samples side by side. */
  readonly t: Float32Array
  /** [M, N]: what is given is cut off here, from below and from above. Both or none. */
  readonly lo?: Float32Array | undefined
  readonly hi?: Float32Array | undefined
}

/** Samples of a layer. */
export interface RidgeSamples extends Targets {
  /** Inputs [D, N]: each one's samples side by side. */
  readonly x: Float32Array
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

/** A value where it is cut off. */
export const bounded = ({ lo, hi }: Targets, n: number, value: number): number =>
  lo && hi ? Math.min(Math.max(value, lo[n]!), hi[n]!) : value

/** Targets give way so often, while that makes the squared error smaller by this part. */
const [mostYields, leastGain] = [6, 0.005]

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
  turn: MatrixTurn,
): Promise<LinearMap | undefined> {
  const equations = await (samples.count > samples.inputs ? primal : dual)(samples, from, hasConstants, turn)
  let best: LinearMap | undefined
  let least = await errorOf(from)
  let bestPower = firstRidge
  const attempt = async (power: number, targets?: Float32Array): Promise<number> => {
    const map = await equations(10 ** power, targets)
    const error = map ? await errorOf(map) : Number.NaN
    if (!(error < least)) return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error
    least = error
    best = map
    bestPower = power
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
  if (!samples.lo || !best) return best
  const rows = transposed(samples.x, samples.inputs, samples.count)
  for (let i = 0; i < mostYields; i++) {
    const before = least
    if (!((await attempt(bestPower, await yielding(samples, rows, best, turn))) < (1 - leastGain) * before)) break
  }
  return best
}

/**
 * Targets, those beyond a bound where the map gives them, or at the bound.
 * @param rows the samples, each in a row: [N, D]
 */
async function yielding(
  { t, lo, hi, inputs, targets, count }: RidgeSamples,
  rows: Float64Array,
  { weights, constants }: LinearMap,
  turn: MatrixTurn,
): Promise<Float32Array> {
  const given = new Float64Array(targets * count)
  await addProducts({ a: weights, b: rows, n: targets, m: count, terms: inputs }, given, turn)
  return t.map((wanted, i) => {
    const value = given[i]! + constants[Math.floor(i / count)]!
    if (wanted <= lo![i]!) return Math.min(value, lo![i]!)
    return wanted >= hi![i]! ? Math.max(value, hi![i]!) : wanted
  })
}

/** Solutions by ridge, for the targets of the samples or others in their place; undefined where the equations cannot be solved. */
type Equations = (ridge: number, targets?: Float32Array) => Promise<LinearMap | undefined>

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

/** Means and centred samples of both sides. Without constants of their own the targets are what is left of them. */
function prepared({ x, count }: RidgeSamples, from: LinearMap, hasConstants: boolean) {
  const xMeans = meansOf(x, count, hasConstants)
  const targets = (t: Float32Array) => {
    const rest = hasConstants ? t : t.map((value, i) => value - from.constants[Math.floor(i / count)]!)
    const means = meansOf(rest, count, hasConstants)
    return { means, t: centred(rest, means, count) }
  }
  return { xMeans, x: centred(x, xMeans, count), targets }
}

/** The constants that go with weights: the means are met. */
function withConstants(
  weights: Float64Array,
  xMeans: Float64Array,
  tMeans: Float64Array,
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

async function primal(
  samples: RidgeSamples,
  from: LinearMap,
  hasConstants: boolean,
  turn: MatrixTurn,
): Promise<Equations> {
  const { inputs, targets, count } = samples
  const data = prepared(samples, from, hasConstants)
  const square = new Float64Array(inputs * inputs)
  await addProducts({ a: data.x, b: data.x, n: inputs, m: inputs, terms: count, lower: true }, square, turn)
  const sides = async (of: Float32Array) => {
    const { means, t } = data.targets(of)
    const cross = new Float64Array(inputs * targets)
    await addProducts({ a: data.x, b: t, n: inputs, m: targets, terms: count }, cross, turn)
    return { means, cross }
  }
  const given = await sides(samples.t)
  const scale = traceOf(square, inputs) / inputs
  const factorOf = factors(square, inputs, turn)
  return async (ridge, others) => {
    const lambda = ridge * scale
    const factor = await factorOf(lambda)
    if (!factor) return undefined
    const { means, cross } = others ? await sides(others) : given
    const solved = cross.slice()
    for (let d = 0; d < inputs; d++)
      for (let m = 0; m < targets; m++)
        solved[d * targets + m] = solved[d * targets + m]! + lambda * from.weights[m * inputs + d]!
    await solveFactorised(factor, inputs, solved, targets, turn)
    return withConstants(transposed(solved, inputs, targets), data.xMeans, means, from, hasConstants)
  }
}

async function dual(
  samples: RidgeSamples,
  from: LinearMap,
  hasConstants: boolean,
  turn: MatrixTurn,
): Promise<Equations> {
  const { inputs, targets, count } = samples
  const data = prepared(samples, from, hasConstants)
  const rows = transposed(data.x, inputs, count)
  const square = new Float64Array(count * count)
  await addProducts({ a: rows, b: rows, n: count, m: count, terms: inputs, lower: true }, square, turn)
  const scale = traceOf(square, count) / inputs
  const sides = async (of: Float32Array) => {
    const { means, t } = data.targets(of)
    const rest = transposed(t, targets, count)
    await addProducts({ a: rows, b: from.weights, n: count, m: targets, terms: inputs, factor: -1 }, rest, turn)
    return { means, rest }
  }
  const given = await sides(samples.t)
  const factorOf = factors(square, count, turn)
  return async (ridge, others) => {
    const factor = await factorOf(ridge * scale)
    if (!factor) return undefined
    const { means, rest } = others ? await sides(others) : given
    const alpha = rest.slice()
    await solveFactorised(factor, count, alpha, targets, turn)
    const weights = from.weights.slice()
    const turned = transposed(alpha, count, targets)
    await addProducts({ a: turned, b: data.x, n: targets, m: inputs, terms: count }, weights, turn)
    return withConstants(weights, data.xMeans, means, from, hasConstants)
  }
}

/**
 * What gives Cholesky's factor of a matrix with a ridge on its diagonal, undefined where there is none. The last one is kept: targets change more often than ridges.
 * @param square [n, n], of which the lower half counts
 */
function factors(
  square: Float64Array,
  n: number,
  turn: MatrixTurn,
): (lambda: number) => Promise<Float64Array | undefined> {
  let last: { readonly lambda: number; readonly factor: Float64Array } | undefined
  return async (lambda) => {
    if (last?.lambda === lambda) return last.factor
    // Not both at a time: each is as large as the matrix.
    last = undefined
    const factor = square.slice()
    for (let i = 0; i < n; i++) factor[i * n + i] = factor[i * n + i]! + lambda
    if (!(lambda > 0) || !(await factorise(factor, n, turn))) return undefined
    last = { lambda, factor }
    return factor
  }
}

function traceOf(a: Float64Array, n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += a[i * n + i]!
  return sum
}
