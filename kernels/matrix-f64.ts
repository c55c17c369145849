// Matrices of float64, for what is solved and ranked rather than run: products of rows, and what a row of a matrix adds to its nuclear norm.
//
// Operands are packed: `width` rows side by side, [rows / 4][terms][4], so that a tile of 4×4 sums takes each number once from memory. Rows that are missing are zeros.

import { pieceEnd, shareStart, takePiece } from './sync'
import { ResolventF64, RowProductsF64 } from './table.generated'

/** Rows that lie side by side. */
const width: i32 = 4

/** c + a·b in two float64. */
// @inline
function madd2(a: v128, b: v128, c: v128): v128 {
  return f64x2.relaxed_madd(a, b, c)
}

// @inline
function sumOf(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1)
}

/** y[r, c] += Σ_k a[k, r]·b[k, c] of 4×4 sums. `row`: bytes from one row of y to the next. */
// biome-ignore format: what is done side by side stands side by side
function addTile(a: usize, b: usize, terms: i32, y: usize, row: usize): void {
  const zero = f64x2.splat(0)
  let s0 = zero, t0 = zero, s1 = zero, t1 = zero, s2 = zero, t2 = zero, s3 = zero, t3 = zero
  for (let k = 0; k < terms; k++) {
    const u = v128.load(b)
    const v = v128.load(b, 16)
    const p = v128.load64_splat(a)
    s0 = madd2(p, u, s0)
    t0 = madd2(p, v, t0)
    const q = v128.load64_splat(a, 8)
    s1 = madd2(q, u, s1)
    t1 = madd2(q, v, t1)
    const r = v128.load64_splat(a, 16)
    s2 = madd2(r, u, s2)
    t2 = madd2(r, v, t2)
    const w = v128.load64_splat(a, 24)
    s3 = madd2(w, u, s3)
    t3 = madd2(w, v, t3)
    a += 32
    b += 32
  }
  addRow(y, s0, t0)
  addRow(y + row, s1, t1)
  addRow(y + 2 * row, s2, t2)
  addRow(y + 3 * row, s3, t3)
}

// @inline
function addRow(y: usize, s: v128, t: v128): void {
  v128.store(y, f64x2.add(v128.load(y), s))
  v128.store(y, f64x2.add(v128.load(y, 16), t), 16)
}

export function rowProductsF64(args: RowProductsF64, thread: i32, threads: i32): void {
  const terms = args.terms
  const rows = args.rows
  const columns = args.columns
  const above = args.above
  const panel = 32 * <usize>terms
  const row = 8 * <usize>columns
  const panels = columns / width
  while (true) {
    const from = takePiece(panels, 1, 1, 8, thread, threads)
    if (from < 0) return
    const end = pieceEnd
    for (let j = from; j < end; j++) {
      const b = args.b + panel * <usize>j
      // Of a symmetric result what lies right of the diagonal is left out.
      for (let i = max(0, (width * j - above) / width); i < rows / width; i++)
        addTile(args.a + panel * <usize>i, b, terms, args.y + row * <usize>(width * i) + 32 * <usize>j, row)
    }
  }
}

// For every matrix A [rows, columns] of a batch, M = AAᵀ or AᵀA, the smaller of the two:
//   M = Q·T·Qᵀ, T tridiagonal (Householder's reflections; Golub and Van Loan, 8.3);
//   of every row a, y = Qᵀ·e_a or Qᵀ·a, and yᵀ(T + t)⁻¹y = Σ (L⁻¹y)²/d with T + t = L·D·Lᵀ, for each t.

/** Of T + t: rounding may leave less. In parts of tr(M). */
const leastPivot: f64 = 1e-17
/** Terms that are summed at a time. */
const depth: i32 = 256
/** Rows that are looked at side by side: what becomes of them stays in the cache. */
const block: i32 = 8

export function resolventF64(args: ResolventF64, thread: i32, threads: i32): void {
  if (thread >= args.scratchThreads) return
  const rows = args.rows
  const columns = args.columns
  const most = min(threads, args.scratchThreads)
  const end = shareStart(args.count, 1, thread + 1, most)
  for (let i = shareStart(args.count, 1, thread, most); i < end; i++)
    resolventOf(
      args.x + 4 * <usize>rows * <usize>columns * <usize>i,
      args.h + 8 * <usize>rows * <usize>args.points * <usize>i,
      args.traces + 8 * <usize>i,
      args.scratch + <usize>args.scratchBytes * <usize>thread,
      rows,
      columns,
      args.shifts,
      args.points,
    )
}

function resolventOf(x: usize, h: usize, traceAt: usize, scratch: usize, rows: i32, columns: i32, shifts: usize, points: i32): void {
  const byRows = rows <= columns
  const size = byRows ? rows : columns
  const inner = byRows ? columns : rows
  // Rows of M have a multiple of 4 numbers, and M has as many.
  const n = ((size + width - 1) / width) * width
  const m = scratch
  const packed = m + 8 * <usize>n * <usize>n
  const diagonal = packed + 8 * <usize>n * <usize>depth
  const beside = diagonal + 8 * <usize>n
  const betas = beside + 8 * <usize>n
  const product = betas + 8 * <usize>n
  const vectors = product + 8 * <usize>(n + block)
  const factors = vectors + 8 * <usize>n * block
  memory.fill(m, 0, 8 * <usize>n * <usize>n)
  gram(m, packed, x, n, size, inner, byRows ? columns : 1, byRows ? 1 : columns)
  let trace: f64 = 0
  for (let i = 0; i < size; i++) trace += load<f64>(m + 8 * <usize>(i * n + i))
  store<f64>(traceAt, trace)
  // Nothing but zeros, or no numbers at all: of the latter `trace` tells.
  if (!(trace > 0)) return
  tridiagonal(m, n, size, diagonal, beside, betas, product)
  for (let p = 0; p < points; p++) {
    const t = trace * load<f64>(shifts + 8 * <usize>p)
    let pivot: f64 = 1
    let at = factors + 16 * <usize>(p * size)
    for (let i = 0; i < size; i++, at += 16) {
      const e: f64 = i === 0 ? 0 : load<f64>(beside + 8 * <usize>(i - 1))
      const factor = e / pivot
      pivot = max(load<f64>(diagonal + 8 * <usize>i) + t - factor * e, leastPivot * trace)
      store<f64>(at, -factor)
      store<f64>(at, 1 / pivot, 8)
    }
  }
  for (let first = 0; first < rows; first += block) {
    if (byRows) {
      memory.fill(vectors, 0, 8 * <usize>size * block)
      for (let c = first; c < min(rows, first + block); c++) store<f64>(vectors + 8 * <usize>(c * block + c - first), 1)
    } else
      for (let i = 0; i < size; i++)
        for (let c = 0; c < block; c++) {
          const value: f64 = first + c < rows ? <f64>load<f32>(x + 4 * <usize>((first + c) * columns + i)) : 0
          store<f64>(vectors + 8 * <usize>(i * block + c), value)
        }
    reflect(vectors, m, betas, n, size)
    for (let p = 0; p < points; p++) {
      const t = trace * load<f64>(shifts + 8 * <usize>p)
      const to = h + 8 * <usize>(p * rows + first)
      shifted(vectors, factors + 16 * <usize>(p * size), size, product)
      for (let c = 0; c < min(block, rows - first); c++) {
        const sum = load<f64>(product + 8 * <usize>c)
        store<f64>(to + 8 * <usize>c, byRows ? t * sum : 1 - sum)
      }
    }
  }
}

/** M = B·Bᵀ of B [size, inner], in the lower half; a number of B lies `row` floats behind that of the row before, `term` behind that of the term before. */
function gram(m: usize, packed: usize, x: usize, n: i32, size: i32, inner: i32, row: i32, term: i32): void {
  for (let from = 0; from < inner; from += depth) {
    const terms = min(depth, inner - from)
    for (let i = 0; i < n; i++) {
      let to = packed + 8 * (<usize>(i - (i % width)) * <usize>terms + <usize>(i % width))
      let at = x + 4 * (<usize>i * <usize>row + <usize>from * <usize>term)
      for (let k = 0; k < terms; k++, to += 8 * width, at += 4 * <usize>term) store<f64>(to, i < size ? <f64>load<f32>(at) : 0)
    }
    const panel = 32 * <usize>terms
    for (let j = 0; j < n / width; j++)
      for (let i = j; i < n / width; i++)
        addTile(packed + panel * <usize>i, packed + panel * <usize>j, terms, m + 8 * <usize>(width * (i * n + j)), 8 * <usize>n)
  }
}

/** Σ a·b of `count` numbers. */
function dot(a: usize, b: usize, count: i32): f64 {
  let s = f64x2.splat(0)
  let t = s
  for (; count >= 4; count -= 4, a += 32, b += 32) {
    s = madd2(v128.load(a), v128.load(b), s)
    t = madd2(v128.load(a, 16), v128.load(b, 16), t)
  }
  let sum = sumOf(f64x2.add(s, t))
  for (; count > 0; count--, a += 8, b += 8) sum += load<f64>(a) * load<f64>(b)
  return sum
}

/** p += f·row, and Σ row·v. */
function dotAndAdd(row: usize, v: usize, p: usize, f: f64, count: i32): f64 {
  const factor = f64x2.splat(f)
  let s = f64x2.splat(0)
  for (; count >= 2; count -= 2, row += 16, v += 16, p += 16) {
    const value = v128.load(row)
    s = madd2(value, v128.load(v), s)
    v128.store(p, madd2(value, factor, v128.load(p)))
  }
  let sum = sumOf(s)
  if (count > 0) {
    sum += load<f64>(row) * load<f64>(v)
    store<f64>(p, load<f64>(p) + f * load<f64>(row))
  }
  return sum
}

/** row += f·p + g·v. */
function addTwo(row: usize, p: usize, v: usize, f: f64, g: f64, count: i32): void {
  const ff = f64x2.splat(f)
  const gg = f64x2.splat(g)
  for (; count >= 2; count -= 2, row += 16, p += 16, v += 16) v128.store(row, madd2(gg, v128.load(v), madd2(ff, v128.load(p), v128.load(row))))
  if (count > 0) store<f64>(row, load<f64>(row) + f * load<f64>(p) + g * load<f64>(v))
}

/** M's lower half becomes T; the vectors of the reflections stand in the rows of the upper half, and 2 / |v|² in `betas`. */
function tridiagonal(m: usize, n: i32, size: i32, diagonal: usize, beside: usize, betas: usize, p: usize): void {
  const row = 8 * <usize>n
  for (let k = 0; k < size - 1; k++) {
    store<f64>(diagonal + 8 * <usize>k, load<f64>(m + row * <usize>k + 8 * <usize>k))
    const from = k + 1
    const v = m + row * <usize>k
    let norm: f64 = 0
    for (let i = from; i < size; i++) {
      const value = load<f64>(m + row * <usize>i + 8 * <usize>k)
      store<f64>(v + 8 * <usize>i, value)
      norm += value * value
    }
    norm = sqrt<f64>(norm)
    const head = load<f64>(v + 8 * <usize>from)
    store<f64>(betas + 8 * <usize>k, 0)
    // Already so; the last one has nothing to turn.
    if (norm === 0 || from === size - 1) {
      store<f64>(beside + 8 * <usize>k, head)
      continue
    }
    const alpha = head > 0 ? -norm : norm
    store<f64>(beside + 8 * <usize>k, alpha)
    store<f64>(v + 8 * <usize>from, head - alpha)
    const start = v + 8 * <usize>from
    const beta = 2 / dot(start, start, size - from)
    store<f64>(betas + 8 * <usize>k, beta)
    memory.fill(p, 0, row)
    for (let i = from; i < size; i++) {
      const line = m + row * <usize>i
      const sum = dotAndAdd(line + 8 * <usize>from, start, p + 8 * <usize>from, load<f64>(v + 8 * <usize>i), i - from)
      const own = p + 8 * <usize>i
      store<f64>(own, load<f64>(own) + sum + load<f64>(line + 8 * <usize>i) * load<f64>(v + 8 * <usize>i))
    }
    const half = (beta * beta * dot(p + 8 * <usize>from, start, size - from)) / 2
    for (let i = from; i < size; i++) {
      const own = p + 8 * <usize>i
      store<f64>(own, beta * load<f64>(own) - half * load<f64>(v + 8 * <usize>i))
    }
    for (let i = from; i < size; i++)
      addTwo(m + row * <usize>i + 8 * <usize>from, p + 8 * <usize>from, start, -load<f64>(v + 8 * <usize>i), -load<f64>(p + 8 * <usize>i), i - from + 1)
  }
  store<f64>(diagonal + 8 * <usize>(size - 1), load<f64>(m + row * <usize>(size - 1) + 8 * <usize>(size - 1)))
}

/** Every reflection, on 8 vectors side by side. */
// biome-ignore format: what is done side by side stands side by side
function reflect(vectors: usize, m: usize, betas: usize, n: i32, size: i32): void {
  for (let k = 0; k < size - 2; k++) {
    const beta = load<f64>(betas + 8 * <usize>k)
    if (beta === 0) continue
    const zero = f64x2.splat(0)
    let a = zero, b = zero, c = zero, d = zero
    const from = k + 1
    let v = m + 8 * (<usize>k * <usize>n + <usize>from)
    let at = vectors + 8 * <usize>(from * block)
    for (let i = from; i < size; i++, v += 8, at += 64) {
      const f = v128.load64_splat(v)
      a = madd2(f, v128.load(at), a)
      b = madd2(f, v128.load(at, 16), b)
      c = madd2(f, v128.load(at, 32), c)
      d = madd2(f, v128.load(at, 48), d)
    }
    const factor = f64x2.splat(-beta)
    a = f64x2.mul(a, factor)
    b = f64x2.mul(b, factor)
    c = f64x2.mul(c, factor)
    d = f64x2.mul(d, factor)
    v = m + 8 * (<usize>k * <usize>n + <usize>from)
    at = vectors + 8 * <usize>(from * block)
    for (let i = from; i < size; i++, v += 8, at += 64) {
      const f = v128.load64_splat(v)
      v128.store(at, madd2(f, a, v128.load(at)))
      v128.store(at, madd2(f, b, v128.load(at, 16)), 16)
      v128.store(at, madd2(f, c, v128.load(at, 32)), 32)
      v128.store(at, madd2(f, d, v128.load(at, 48)), 48)
    }
  }
}

/** Σ (L⁻¹y)²/d of 8 vectors y: to `sums`. */
// biome-ignore format: what is done side by side stands side by side
function shifted(vectors: usize, factors: usize, size: i32, sums: usize): void {
  const zero = f64x2.splat(0)
  let a = zero, b = zero, c = zero, d = zero
  let p = zero, q = zero, r = zero, s = zero
  for (let i = 0; i < size; i++, vectors += 64, factors += 16) {
    const f = v128.load64_splat(factors)
    const inverse = v128.load64_splat(factors, 8)
    a = madd2(f, a, v128.load(vectors))
    b = madd2(f, b, v128.load(vectors, 16))
    c = madd2(f, c, v128.load(vectors, 32))
    d = madd2(f, d, v128.load(vectors, 48))
    p = madd2(f64x2.mul(a, a), inverse, p)
    q = madd2(f64x2.mul(b, b), inverse, q)
    r = madd2(f64x2.mul(c, c), inverse, r)
    s = madd2(f64x2.mul(d, d), inverse, s)
  }
  v128.store(sums, p)
  v128.store(sums, q, 16)
  v128.store(sums, r, 32)
  v128.store(sums, s, 48)
}
