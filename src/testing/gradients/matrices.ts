import { float } from '../../graph/index.ts'
import type { Case, Cases } from '../gradient-check.ts'

const gemm = (transA: number, transB: number, bias: readonly number[] | undefined): Case => ({
  op: 'Gemm',
  inputs: [transA ? [4, 2] : [2, 4], transB ? [3, 4] : [4, 3], ...(bias ? [bias] : [])],
  attributes: { transA, transB, alpha: float(0.7), beta: float(bias?.length === 0 ? 1 : 1.5) },
})

const product = (...inputs: (readonly number[])[]): Case => ({ op: 'MatMul', inputs })

const einsum = (equation: string, ...inputs: (readonly number[])[]): Case => ({
  op: 'Einsum',
  inputs,
  attributes: { equation },
})

/** Products of matrices. */
export const matrices: Cases = {
  Gemm: gemm(0, 0, [3]),
  'Gemm, right transposed, no bias': gemm(0, 1, undefined),
  'Gemm, left transposed, one bias per row': gemm(1, 0, [2, 1]),
  'Gemm, both transposed, one bias': gemm(1, 1, []),
  MatMul: product([2, 4], [4, 3]),
  'MatMul, many rows with one matrix': product([2, 3, 4], [4, 2]),
  'MatMul, one matrix with many': product([3, 4], [2, 4, 2]),
  'MatMul, batches broadcast': product([2, 1, 3, 2], [3, 2, 4]),
  'MatMul, both batches broadcast': product([2, 1, 1, 2], [1, 3, 2, 2]),
  'MatMul of vectors': product([4], [4]),
  'MatMul, a vector on the left': product([4], [4, 3]),
  'MatMul, a vector on the left of many': product([4], [2, 4, 3]),
  'MatMul, a vector on the right': product([3, 4], [4]),
  'MatMul, a vector on the right of many': product([2, 3, 4], [4]),
  Einsum: einsum('bij,bjk->bik', [2, 3, 2], [2, 2, 4]),
  'Einsum without a sum': einsum('i,j->ji', [3], [2]),
  'Einsum of one, an index summed': einsum('ijk->ki', [2, 3, 2]),
  'Einsum to one number': einsum('ij,ij->', [2, 3], [2, 3]),
  'Einsum of three, its output not said': einsum('ij,jk,kl', [2, 3], [3, 2], [2, 2]),
  'Einsum, an index of one operand alone': einsum('ij,ik->i', [2, 3], [2, 4]),
  'Einsum with dots, broadcast': einsum('...ij,...jk->...ik', [2, 1, 2, 3], [3, 3, 2]),
  'Einsum, an axis of one broadcast': einsum('ij,ij->ij', [1, 3], [2, 3]),
  'Einsum, an axis of one broadcast and summed': einsum('ij,ij->j', [1, 3], [2, 3]),
}
