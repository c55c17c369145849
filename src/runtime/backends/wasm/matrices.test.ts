import { afterEach, describe, expect, it } from 'vitest'
import { addProducts } from '../../../algebra/index.ts'
import { type MatrixKernels, type MatrixTurn, seededRandom } from '../../../base/index.ts'
import { spawnNodeWorker } from '../../spawn.node.ts'
import { WasmMatrices } from './matrices.ts'

let open: WasmMatrices[] = []
afterEach(async () => {
  await Promise.all(open.map((m) => m.dispose()))
  open = []
})

function matrices(threads: number): WasmMatrices {
  const made = new WasmMatrices(threads, spawnNodeWorker)
  open.push(made)
  return made
}

const turn = async () => {}
/** How often kernels were asked. */
function counted(kernels: MatrixKernels): { readonly turn: MatrixTurn; readonly rooms: () => number } {
  let rooms = 0
  const counting: MatrixKernels = {
    width: kernels.width,
    room(...sizes) {
      rooms++
      return kernels.room(...sizes)
    },
  }
  return { turn: Object.assign(async () => {}, { kernels: counting }), rooms: () => rooms }
}

function draw(seed: number, count: number): Float64Array {
  const { normal } = seededRandom(seed)
  return Float64Array.from({ length: count }, normal)
}

/** Rows, columns, terms: whole tiles, parts of one, more than a block of rows and than are summed at a time. */
const sizes = [
  [64, 64, 64],
  [67, 70, 57],
  [3, 301, 700],
  [515, 33, 258],
] as const

describe('products of rows by kernels', () => {
  it.each(sizes)('%i by %i rows of %i are those of plain loops, on any number of threads', async (n, m, terms) => {
    const [a, b] = [draw(1, n * terms), draw(2, m * terms)]
    const products = async (turn: MatrixTurn) => {
      const out = new Float64Array(n * m).fill(0.5)
      await addProducts({ a, b, n, m, terms, factor: -1 }, out, turn)
      return out
    }
    const wanted = await products(turn)
    const found: Float64Array[] = []
    for (const threads of [1, 2, 3]) {
      const { turn, rooms } = counted(matrices(threads))
      found.push(await products(turn))
      expect(rooms()).toBeGreaterThan(0)
    }
    expect(Math.max(...found[0]!.map((v, i) => Math.abs(v - wanted[i]!)))).toBeLessThan(1e-10)
    for (const other of found) expect(other.every((v, i) => v === found[0]![i])).toBe(true)
  })

  it('are the lower half alone where that is asked for, of operands that lie turned', async () => {
    const [n, terms] = [601, 9]
    const x = draw(3, n * terms)
    const steps = { start: 0, row: 1, term: n }
    const operands = { a: x, b: x, aSteps: steps, bSteps: steps, n, m: n, terms, lower: true }
    const [plain, kernels] = [new Float64Array(n * n).fill(7), new Float64Array(n * n).fill(7)]
    await addProducts(operands, plain, turn)
    const { turn: fast, rooms } = counted(matrices(2))
    await addProducts(operands, kernels, fast)
    expect(rooms()).toBe(2)
    let [wrong, above] = [0, 0]
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 7
        for (let k = 0; k < terms && j <= i; k++) sum += x[k * n + i]! * x[k * n + j]!
        for (const found of [plain, kernels]) wrong = Math.max(wrong, Math.abs(found[i * n + j]! - sum))
        if (j > i && kernels[i * n + j] !== 7) above++
      }
    expect(wrong).toBeLessThan(1e-10)
    expect(above).toBe(0)
  })

  it('go on where memory has grown, and after they were let go of', async () => {
    const kernels = matrices(2)
    const { turn: fast } = counted(kernels)
    for (const n of [80, 700, 90]) {
      const [x, one] = [draw(n, n * n), new Float64Array(n * n)]
      for (let i = 0; i < n; i++) one[i * (n + 1)] = 1
      const out = new Float64Array(n * n)
      await addProducts({ a: x, b: one, n, m: n, terms: n }, out, fast)
      expect(out.every((v, i) => v === x[i])).toBe(true)
      if (n === 700) await kernels.dispose()
    }
  })
})
