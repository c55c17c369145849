import { describe, expect, it } from 'vitest'
import { type AttributeValue, float, tensorOf } from '../../graph/index.ts'
import { floatsOf, oneNode, onesOf, scalarOf } from '../../testing/one-node.ts'

const uint8 = (...shape: number[]) => ({ elementType: 'uint8', shape }) as const
const zero = tensorOf('uint8', [], [0])

describe('MatMul', () => {
  it.each([
    [[5], [5], []],
    [[3], [3, 4], [4]],
    [[2, 3], [3], [2]],
    [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    [
      [7, 1, 2, 3],
      [5, 3, 4],
      [7, 5, 2, 4],
    ],
  ])('%j · %j', (a, b, shape) => {
    expect(oneNode('MatMul', [a, b]).shapes).toEqual([shape])
  })

  it('costs a MAC per output and index of the contracted axis', () => {
    // 7·5·2·4 outputs of 3 terms.
    const { cost } = oneNode('MatMul', [
      [7, 1, 2, 3],
      [5, 3, 4],
    ])
    expect(cost).toEqual({ macs: 840, muls: 840, adds: 840, accumulators: 280 })
  })

  it('refuses what does not fit', () => {
    expect(() =>
      oneNode('MatMul', [
        [2, 3],
        [4, 5],
      ]),
    ).toThrow('the last axis of the left operand (3) ≠ the second last of the right one (4)')
    expect(() =>
      oneNode('MatMul', [
        [2, 2, 3],
        [4, 3, 5],
      ]),
    ).toThrow('the leading axes cannot be broadcast together')
    expect(() => oneNode('MatMul', [[], [4, 5]])).toThrow('an operand is a scalar')
  })

  it('has integer forms', () => {
    const integer = oneNode('MatMulInteger', [uint8(4, 3), uint8(3, 2), zero, zero])
    expect(integer.outputs[0]).toMatchObject({ elementType: 'int32', shape: [4, 2] })
    expect(integer.cost).toEqual({ macs: 24, muls: 24, adds: 24, accumulators: 8 })
    const one = scalarOf(1)
    const requantised = oneNode('QLinearMatMul', [uint8(4, 3), one, zero, uint8(3, 2), one, zero, one, zero])
    expect(requantised.outputs[0]).toMatchObject({ elementType: 'uint8', shape: [4, 2] })
    expect(requantised.cost).toEqual({ macs: 24, muls: 24 + 8, adds: 24 + 8, others: 16, accumulators: 8 })
  })
})

describe('FusedMatMul', () => {
  const of = (a: readonly number[], b: readonly number[], attributes: Record<string, AttributeValue>) =>
    oneNode('FusedMatMul', [a, b], attributes, { domain: 'com.microsoft' })

  it('multiplies operands that lie turned', () => {
    expect(of([2, 3, 4], [2, 5, 3], { transA: 1, transB: 1 }).shapes).toEqual([[2, 4, 5]])
    expect(of([4, 2, 3], [2, 3, 5], { transBatchA: 1 }).shapes).toEqual([[2, 4, 5]])
    expect(of([3, 2, 7, 4], [2, 7, 3, 5], { transA: 1, transBatchA: 1 }).shapes).toEqual([[2, 7, 4, 5]])
    expect(of([3], [5, 3], { transA: 1, transB: 1 }).shapes).toEqual([[5]])
  })

  it('costs what the product does, and a multiplication per output for alpha', () => {
    expect(of([2, 3], [4, 3], { transB: 1 }).cost).toEqual({ macs: 24, muls: 24, adds: 24, accumulators: 8 })
    const { cost } = of([2, 3], [4, 3], { transB: 1, alpha: float(0.5) })
    expect(cost).toEqual({ macs: 24, muls: 24 + 8, adds: 24, accumulators: 8 })
  })

  it('refuses what does not fit', () => {
    expect(() => of([2, 3], [3, 4], { transB: 1 })).toThrow(
      'the last axis of the left operand (3) ≠ the second last of the right one (4)',
    )
  })
})

describe('Gemm', () => {
  it('counts a linear layer: 1024 → 512 with bias, 2 samples', () => {
    const { shapes, cost, operator } = oneNode('Gemm', [[2, 1024], onesOf(512, 1024), onesOf(512)], { transB: 1 })
    expect(shapes).toEqual([[2, 512]])
    expect(cost).toEqual({ macs: 1_048_576, muls: 1_048_576, adds: 1_048_576 + 1024, accumulators: 1024 })
    expect(operator.parameters).toEqual([0, 1, 2])
  })

  it('transposes either matrix and counts alpha and beta apart from MACs', () => {
    const attributes = { transA: 1, alpha: float(0.5), beta: float(2) }
    const { shapes, cost } = oneNode('Gemm', [[3, 2], [3, 4], floatsOf(1, 2, 3, 4)], attributes)
    expect(shapes).toEqual([[2, 4]])
    expect(cost).toEqual({ macs: 24, muls: 24 + 8 + 4, adds: 24 + 8, accumulators: 8 })
  })

  it('needs no C from opset 11 on', () => {
    expect(
      oneNode('Gemm', [
        [2, 3],
        [3, 4],
      ]).cost,
    ).toEqual({ macs: 24, muls: 24, adds: 24, accumulators: 8 })
  })

  it('refuses what does not fit', () => {
    expect(() =>
      oneNode('Gemm', [
        [2, 3, 1],
        [3, 4],
      ]),
    ).toThrow('needs two matrices, received 3 and 2 dimensions')
    expect(() =>
      oneNode('Gemm', [
        [2, 3],
        [4, 3],
      ]),
    ).toThrow('Gemm "it": 3 columns of the left matrix ≠ 4 rows of the right one')
    expect(() => oneNode('Gemm', [[2, 3], [3, 4], onesOf(3)])).toThrow('the bias [3] cannot be broadcast to [2,4]')
  })
})

describe('Einsum', () => {
  const einsum = (equation: string, ...inputs: number[][]) => oneNode('Einsum', inputs, { equation })

  it('contracts: a MAC for each combination of indices', () => {
    const batched = einsum('bij, bjk -> bik', [2, 3, 4], [2, 4, 5])
    expect(batched.shapes).toEqual([[2, 3, 5]])
    expect(batched.cost).toEqual({ macs: 120, muls: 120, adds: 120, accumulators: 30 })
    // Attention scores with heads: b·h·q·k·d.
    expect(einsum('bqhd,bkhd->bhqk', [1, 6, 2, 8], [1, 7, 2, 8]).cost.macs).toBe(6 * 7 * 2 * 8)
    expect(einsum('i,i,i->', [5], [5], [5]).cost).toEqual({ macs: 5, muls: 10, adds: 5, accumulators: 1 })
  })

  it('without a sum is a multiplication, with one operand a sum', () => {
    expect(einsum('i,j->ij', [3], [4]).cost).toEqual({ muls: 12 })
    expect(einsum('ij->i', [3, 4]).cost).toEqual({ adds: 12, accumulators: 3 })
    expect(einsum('ij->ji', [3, 4]).cost).toEqual({})
  })

  it('broadcasts dots, takes diagonals, and orders an implicit output by name', () => {
    expect(einsum('...ii->...i', [3, 5, 5]).shapes).toEqual([[3, 5]])
    expect(einsum('...ij,...jk->...ik', [7, 1, 2, 3], [5, 3, 4]).shapes).toEqual([[7, 5, 2, 4]])
    expect(einsum('ba', [2, 3]).shapes).toEqual([[3, 2]])
  })

  it('refuses what does not fit', () => {
    expect(() => einsum('ij,jk->ik', [2, 3], [4, 5])).toThrow('index j is 3 long in one operand and 4 in another')
    expect(() => einsum('ij->i', [2, 3, 4])).toThrow('operand 0 has 3 dimensions, its term "ij" names 2')
    expect(() => einsum('ij->k', [2, 3])).toThrow("the output's index k is in no operand")
    expect(() => einsum('ij,jk->ik', [2, 3])).toThrow('is for 2 operands, received 1')
    expect(() => einsum('i->i->i', [2])).toThrow('several arrows')
    expect(() => einsum('i1->i', [2, 1])).toThrow('one of letters')
  })
})
