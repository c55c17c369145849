import { describe, expect, it } from 'vitest'
import { eigen, gramOf } from '../../algebra/index.ts'
import { seededRandom } from '../../base/index.ts'
import { nodeRuntime } from '../../runtime/index.node.ts'
import { withMatrices } from '../matrices.ts'
import { nuclearLosses } from './chip.ts'

const turn = async () => {}

/** By singular values, with and without each row. */
async function byDefinition(data: Float32Array, rows: number, columns: number): Promise<number[]> {
  const norm = async (a: Float64Array, rows: number) => {
    const { values } = await eigen(gramOf(a, rows, columns), rows, turn)
    return values.reduce((sum, v) => sum + Math.sqrt(Math.max(0, v)), 0)
  }
  const a = new Float64Array(data)
  const whole = await norm(a, rows)
  const losses: number[] = []
  for (let c = 0; c < rows; c++)
    losses.push(
      whole -
        (await norm(
          a.filter((_, at) => Math.floor(at / columns) !== c),
          rows - 1,
        )),
    )
  return losses
}

const sizes = [
  [2, 5],
  [5, 3],
  [13, 300],
  [30, 30],
  [41, 9],
] as const

describe('the nuclear norm without a row', () => {
  it.each(sizes)('of [%i, %i] is that of its definition, in plain loops and by kernels', async (rows, columns) => {
    const { normal } = seededRandom(rows)
    const matrices = Array.from({ length: 3 }, () =>
      Float32Array.from({ length: rows * columns }, () => Math.max(0, normal())),
    )
    // A row of zeros, and two that are the same.
    matrices[1]!.fill(0, 0, columns)
    matrices[1]!.copyWithin(columns, (rows - 1) * columns)
    const all = new Float32Array(matrices.flatMap((m) => [...m]))
    const wanted = new Float64Array(rows)
    for (const matrix of matrices)
      for (const [c, loss] of (await byDefinition(matrix, rows, columns)).entries()) wanted[c] = wanted[c]! + loss
    const most = Math.max(...wanted)
    const check = (losses: Float64Array) => {
      for (const [c, loss] of losses.entries()) expect(Math.abs(loss - wanted[c]!)).toBeLessThan(2e-6 * most)
    }
    check(await nuclearLosses(all, rows, columns, turn))
    for (const threads of [1, 2])
      await withMatrices({ runtime: nodeRuntime, threads }, turn, async (turn) => {
        expect(turn.kernels?.resolvents).toBeDefined()
        check(await nuclearLosses(all, rows, columns, turn))
      })
  })
})
