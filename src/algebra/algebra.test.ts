import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { addProducts, eigen, factorise, invertFactorised, singular, solveFactorised, squares } from './index.ts'

const turn = async () => {}
const draw = (seed: number, count: number) => {
  const random = seededRandom(seed)
  return Float64Array.from({ length: count }, () => random.normal())
}

describe('linear algebra', () => {
  it.each([
    [1, 1, 1],
    [2, 4, 3],
    [7, 5, 300],
    [67, 66, 20],
  ])('products of %i and %i rows of %i are those of plain loops', async (n, m, terms) => {
    const [a, b] = [draw(1, n * terms), draw(2, m * terms)]
    const out = new Float64Array(n * m).fill(0.5)
    await addProducts({ a, b, n, m, terms, factor: -2 }, out, turn)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) {
        let sum = 0
        for (let k = 0; k < terms; k++) sum += a[i * terms + k]! * b[j * terms + k]!
        expect(out[i * m + j]).toBeCloseTo(0.5 - 2 * sum, 10)
      }
  })

  it.each([1, 5, 64, 65, 130])('solves equations of %i unknowns', async (n) => {
    const [rows, x] = [draw(3, n * (n + 9)), draw(4, n * 3)]
    const a = new Float64Array(n * n)
    await addProducts({ a: rows, b: rows, n, m: n, terms: n + 9 }, a, turn)
    const b = new Float64Array(n * 3)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let c = 0; c < 3; c++) b[i * 3 + c]! += a[i * n + j]! * x[j * 3 + c]!
    // The upper half is not looked at.
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = Number.NaN
    expect(await factorise(a, n, turn)).toBe(true)
    await solveFactorised(a, n, b, 3, turn)
    b.forEach((value, i) => {
      expect(value).toBeCloseTo(x[i]!, 6)
    })
  })

  it.each([1, 5, 130, 600])('inverts a matrix of %i rows', async (n) => {
    const rows = draw(5, n * (n + 40))
    const a = new Float64Array(n * n)
    await addProducts({ a: rows, b: rows, n, m: n, terms: n + 40, lower: true }, a, turn)
    const inverse = a.slice()
    expect(await factorise(inverse, n, turn)).toBe(true)
    await invertFactorised(inverse, n, turn)
    for (const m of [a, inverse]) for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) m[j * n + i] = m[i * n + j]!
    const one = new Float64Array(n * n)
    await addProducts({ a, b: inverse, n, m: n, terms: n }, one, turn)
    const wrong = one.reduce((most, v, at) => Math.max(most, Math.abs(v - Number(at % (n + 1) === 0))), 0)
    expect(wrong).toBeLessThan(1e-7)
  })

  it('says where a matrix is not positive definite', async () => {
    expect(await factorise(Float64Array.from([1, 0, 2, 1]), 2, turn)).toBe(false)
    expect(await factorise(Float64Array.from([Number.NaN]), 1, turn)).toBe(false)
  })
})

/*
 * import numpy as np
 * for rows, columns in ((3, 5), (6, 2), (4, 4)):
 *   a = np.array([[(7 * i + 3 * j + i * j * j) % 11 / 4 for j in range(columns)] for i in range(rows)])
 *   print(rows, columns, np.linalg.svd(a, compute_uv=False).tolist())
 */
const numpy: readonly (readonly [number, number, readonly number[]])[] = [
  [3, 5, [4.6150238964002, 1.7688285412323521, 1.0051368202274513]],
  [6, 2, [4.373348732990462, 2.423596678420466]],
  [4, 4, [5.235647864502451, 2.451681213821162, 1.205093633178475, 1.536183396250196e-16]],
]

describe('singular values', () => {
  it.each(numpy)('of [%i, %i] are those of NumPy, and what is left out is the error', async (rows, columns, values) => {
    const a = Float64Array.from({ length: rows * columns }, (_, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns]
      return ((7 * i + 3 * j + i * j * j) % 11) / 4
    })
    const { energies, size, product } = await singular(a, rows, columns, turn)
    energies.forEach((energy, i) => void expect(Math.sqrt(energy)).toBeCloseTo(values[i]!, 7))
    expect(size).toBeCloseTo(squares(values), 10)
    for (let rank = 1; rank <= values.length; rank++) {
      const { left, right } = await product(rank, turn)
      const rest = a.slice()
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let r = 0; r < rank; r++) rest[i * columns + j]! -= left[i * rank + r]! * right[r * columns + j]!
      expect(squares(rest)).toBeCloseTo(squares(values.slice(rank)), 10)
    }
  })

  it('of matrices without a rank, of rank 1, and with many equal values', async () => {
    expect((await singular(new Float64Array(12), 3, 4, turn)).energies).toEqual(new Float64Array(3))
    const { left, right } = await (await singular(new Float64Array(12), 3, 4, turn)).product(2, turn)
    expect([...left, ...right].every(Number.isFinite)).toBe(true)
    const one = Float64Array.from({ length: 40 }, (_, at) => (1 + Math.floor(at / 8)) * (3 - (at % 8)))
    const { energies } = await singular(one, 5, 8, turn)
    expect(energies[0]).toBeCloseTo(squares(one), 8)
    expect(Math.max(...energies.slice(1))).toBeLessThan(1e-12 * squares(one))
    const identity = Float64Array.from({ length: 49 }, (_, at) => Number(at % 8 === 0))
    expect((await singular(identity, 7, 7, turn)).energies).toEqual(new Float64Array(7).fill(1))
  })
})

describe('eigenvalues', () => {
  it.each([1, 2, 3, 17, 60])('of a symmetric matrix of %i rows, and vectors that are orthonormal', async (n) => {
    const m = draw(n, n * n)
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) m[j * n + i] = m[i * n + j]!
    const { values, vectors } = await eigen(m.slice(), n, turn)
    expect([...values].sort((a, b) => b - a)).toEqual([...values])
    for (let v = 0; v < n; v++) {
      for (let i = 0; i < n; i++) {
        let sum = 0
        for (let j = 0; j < n; j++) sum += m[i * n + j]! * vectors[v * n + j]!
        expect(sum).toBeCloseTo(values[v]! * vectors[v * n + i]!, 10)
      }
      for (let w = 0; w <= v; w++) {
        let dot = 0
        for (let i = 0; i < n; i++) dot += vectors[v * n + i]! * vectors[w * n + i]!
        expect(dot).toBeCloseTo(Number(v === w), 12)
      }
    }
  })
})
