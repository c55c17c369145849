/* Matrices, row by row in float64, for criteria that ask how much channels hold together. */

/** Of [rows, columns], [columns, rows]. */
export function transposed(data: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const turned = new Float64Array(rows * columns)
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) turned[j * rows + i] = data[at]!
  return turned
}

/** A·Aᵀ of A [n, inner]: the lower half, and the diagonal. In blocks of four rows by two, which are read once for eight products. */
export function gramOf(a: Float64Array, n: number, inner: number): Float64Array {
  const gram = new Float64Array(n * n)
  for (let i = 0; i < n; i += 4)
    for (let j = 0; j < Math.min(i + 4, n); j += 2) {
      let [s00, s01, s10, s11, s20, s21, s30, s31] = [0, 0, 0, 0, 0, 0, 0, 0]
      const last = n - 1
      let [a0, a1, a2, a3] = [i, Math.min(i + 1, last), Math.min(i + 2, last), Math.min(i + 3, last)].map(
        (r) => r * inner,
      ) as [number, number, number, number]
      let [b0, b1] = [j * inner, Math.min(j + 1, last) * inner]
      for (let k = 0; k < inner; k++) {
        const [p, q] = [a[b0++]!, a[b1++]!]
        const w0 = a[a0++]!
        const w1 = a[a1++]!
        const w2 = a[a2++]!
        const w3 = a[a3++]!
        s00 += w0 * p
        s01 += w0 * q
        s10 += w1 * p
        s11 += w1 * q
        s20 += w2 * p
        s21 += w2 * q
        s30 += w3 * p
        s31 += w3 * q
      }
      const sums = [s00, s01, s10, s11, s20, s21, s30, s31]
      for (let r = 0; r < 4 && i + r < n; r++)
        for (let c = 0; c < 2 && j + c < n; c++) if (j + c <= i + r) gram[(i + r) * n + j + c] = sums[2 * r + c]!
    }
  return gram
}
