import type { Turn } from '../base/index.ts'

/*
 * Symmetric matrices. Householder's reflections make one tridiagonal, M = Q·T·Qᵀ; rotations that chase what is beside T's diagonal out at its end (implicit QL
 * with Wilkinson's shift) leave the eigenvalues, and turn Q into the eigenvectors. Golub and Van Loan, Matrix Computations, 8.3. Errors of eigenvalues are
 * some 1e-16 of the largest; vectors are orthogonal to as much.
 */

/** M = Q·T·Qᵀ. */
export interface Tridiagonal {
  /** Of T. */
  readonly diagonal: Float64Array
  /** Of T, one less. */
  readonly beside: Float64Array
  /** Qᵀ [n, n]: the vectors of T's basis as rows. */
  readonly basis: Float64Array
}

/** @param m symmetric [n, n], of which the lower half is read, and overwritten */
export async function tridiagonal(m: Float64Array, n: number, turn: Turn): Promise<Tridiagonal> {
  const diagonal = new Float64Array(n)
  const beside = new Float64Array(Math.max(0, n - 1))
  const [v, p] = [new Float64Array(n), new Float64Array(n)]
  const reflections: { readonly v: Float64Array; readonly beta: number; readonly from: number }[] = []
  for (let k = 0; k < n - 1; k++) {
    await turn()
    diagonal[k] = m[k * (n + 1)]!
    const from = k + 1
    let norm = 0
    for (let i = from; i < n; i++) {
      v[i] = m[i * n + k]!
      norm += v[i]! * v[i]!
    }
    norm = Math.sqrt(norm)
    const alpha = v[from]! > 0 ? -norm : norm
    beside[k] = alpha
    v[from] = v[from]! - alpha
    let length = 0
    for (let i = from; i < n; i++) length += v[i]! * v[i]!
    if (length === 0 || from === n - 1) {
      // Already so; the last one has nothing to turn.
      if (from === n - 1) beside[k] = m[from * n + k]!
      continue
    }
    const beta = 2 / length
    p.fill(0)
    for (let i = from; i < n; i++) {
      const [row, vi] = [i * n, v[i]!]
      let sum = 0
      for (let j = from; j < i; j++) {
        const value = m[row + j]!
        sum += value * v[j]!
        p[j] = p[j]! + value * vi
      }
      p[i] = p[i]! + sum + m[row + i]! * vi
    }
    let dot = 0
    for (let i = from; i < n; i++) {
      p[i] = p[i]! * beta
      dot += p[i]! * v[i]!
    }
    const half = (beta * dot) / 2
    for (let i = from; i < n; i++) p[i] = p[i]! - half * v[i]!
    for (let i = from; i < n; i++) {
      const [row, vi, pi] = [i * n, v[i]!, p[i]!]
      for (let j = from; j <= i; j++) m[row + j] = m[row + j]! - vi * p[j]! - pi * v[j]!
    }
    reflections.push({ v: v.slice(from), beta, from })
  }
  diagonal[n - 1] = m[n * n - 1]!
  return { diagonal, beside, basis: await basisOf(reflections, n, turn) }
}

/** Qᵀ = Hₖ…H₁, multiplied from the left, where all but the last rows are still those of the identity. */
async function basisOf(
  reflections: readonly { readonly v: Float64Array; readonly beta: number; readonly from: number }[],
  n: number,
  turn: Turn,
): Promise<Float64Array> {
  const basis = new Float64Array(n * n)
  for (let i = 0; i < n; i++) basis[i * (n + 1)] = 1
  for (let r = reflections.length - 1; r >= 0; r--) {
    await turn()
    const { v, beta, from } = reflections[r]!
    for (let i = from; i < n; i++) {
      const row = i * n + from
      let dot = 0
      for (let j = 0; j < v.length; j++) dot += basis[row + j]! * v[j]!
      const factor = beta * dot
      if (factor !== 0) for (let j = 0; j < v.length; j++) basis[row + j] = basis[row + j]! - factor * v[j]!
    }
  }
  return basis
}

/**
 * Eigenvalues of a symmetric matrix, largest first, and eigenvectors.
 * @param m [n, n], of which the lower half is read, and overwritten
 * @returns `vectors` [n, n], one in each row
 */
export async function eigen(
  m: Float64Array,
  n: number,
  turn: Turn,
): Promise<{ readonly values: Float64Array; readonly vectors: Float64Array }> {
  const { diagonal, beside, basis } = await tridiagonal(m, n, turn)
  const rest = new Float64Array(n)
  rest.set(beside)
  await chase(diagonal, rest, basis, n, turn)
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!)
  const vectors = new Float64Array(n * n)
  order.forEach((from, to) => {
    vectors.set(basis.subarray(from * n, (from + 1) * n), to * n)
  })
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors }
}

/** Leaves eigenvalues in `d`, zeros in `e` (beside the diagonal, a last 0 behind), and eigenvectors in the rows of `vectors`. */
async function chase(d: Float64Array, e: Float64Array, vectors: Float64Array, n: number, turn: Turn): Promise<void> {
  const largest = d.reduce((most, v, i) => Math.max(most, Math.abs(v) + Math.abs(e[i]!)), 0)
  const isNothing = (i: number) =>
    Math.abs(e[i]!) <= Number.EPSILON * Math.max(Math.abs(d[i]!) + Math.abs(d[i + 1]!), Number.EPSILON * largest)
  for (let first = 0; first < n; first++)
    for (;;) {
      let last = first
      while (last < n - 1 && !isNothing(last)) last++
      if (last === first) break
      await turn()
      const half = (d[first + 1]! - d[first]!) / (2 * e[first]!)
      const root = Math.sqrt(half * half + 1)
      const shifted = half + (half < 0 ? -root : root)
      let g = d[last]! - d[first]! + e[first]! / shifted
      let [sine, cosine, moved] = [1, 1, 0]
      let i = last - 1
      for (; i >= first; i--) {
        const f = sine * e[i]!
        const b = cosine * e[i]!
        const r = Math.sqrt(f * f + g * g)
        e[i + 1] = r
        if (r === 0) break
        sine = f / r
        cosine = g / r
        g = d[i + 1]! - moved
        const t = (d[i]! - g) * sine + 2 * cosine * b
        moved = sine * t
        d[i + 1] = g + moved
        g = cosine * t - b
        rotate(vectors, i * n, (i + 1) * n, n, sine, cosine)
      }
      if (i >= first) {
        // It fell apart on the way: what is left is two smaller ones.
        d[i + 1] = d[i + 1]! - moved
        e[last] = 0
        continue
      }
      d[first] = d[first]! - moved
      e[first] = g
      e[last] = 0
    }
}

function rotate(rows: Float64Array, a: number, b: number, n: number, sine: number, cosine: number): void {
  for (let k = 0; k < n; k++) {
    const [x, y] = [rows[a + k]!, rows[b + k]!]
    rows[b + k] = sine * x + cosine * y
    rows[a + k] = cosine * x - sine * y
  }
}
