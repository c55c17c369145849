import { describe, expect, it } from 'vitest'
import { type AttributeValue, tensorOf } from '../../graph/index.ts'
import { floatsOf, intsOf, type NodeInput, oneNode } from '../../testing/one-node.ts'
import { factorBlocks } from './blocks.ts'

const indices = tensorOf('int64', [2, 3], [0, 1, 2, 3, 4, 5])
const bool = (...shape: number[]) => ({ elementType: 'bool', shape }) as const

describe('arithmetic', () => {
  it.each<[string, NodeInput[], Record<string, AttributeValue>, object]>([
    ['Sub', [[2, 3, 4], [4]], {}, { adds: 24 }],
    [
      'Mul',
      [
        [2, 3, 4],
        [3, 1],
      ],
      {},
      { muls: 24 },
    ],
    ['Div', [[2, 3, 4], [1]], {}, { others: 24 }],
    ['Sqrt', [[5]], {}, { others: 5 }],
    ['Where', [bool(4), [3, 4], [1]], {}, {}],
    ['Sum', [[4], [3, 4], [1]], {}, { adds: 24 }],
    ['Mean', [[4], [3, 4], [1]], {}, { adds: 24, others: 12 }],
    ['Max', [[4], [3, 4]], {}, { others: 12 }],
    // 24 elements become 8: 24 additions from zero, of which a strict count has 8 less, and 8 divisions.
    ['ReduceMean', [[2, 3, 4]], { axes: [1] }, { adds: 24, others: 8, accumulators: 8 }],
    ['ReduceSumSquare', [[2, 3, 4]], { axes: [1] }, { adds: 24, muls: 24, accumulators: 8 }],
    ['ReduceMax', [[2, 3, 4]], { axes: [1] }, { others: 24 }],
    ['ReduceProd', [[2, 3, 4]], { axes: [1] }, { muls: 24 }],
    ['ArgMax', [[2, 3, 4]], {}, { others: 24 }],
    ['CumSum', [[2, 3], tensorOf('int64', [], [0])], {}, { adds: 6 }],
    ['TopK', [[2, 9], intsOf(3)], {}, { others: 18 }],
    ['ScatterND', [[8], { elementType: 'int64', shape: [3, 1] }, [3]], { reduction: 'add' }, { adds: 3 }],
    ['ScatterND', [[8], { elementType: 'int64', shape: [3, 1] }, [3]], {}, {}],
    // Two taps on each of two axes for 2·3·5·6 outputs, two coordinates for each of 2·5·6 places.
    [
      'GridSample',
      [
        [2, 3, 8, 8],
        [2, 5, 6, 2],
      ],
      {},
      { muls: 720, adds: 720, others: 120 },
    ],
    [
      'GridSample',
      [
        [2, 3, 8, 8],
        [2, 5, 6, 2],
      ],
      { mode: 'nearest' },
      { others: 120 },
    ],
    ['AffineGrid', [[2, 2, 3], intsOf(2, 3, 5, 6)], {}, { adds: 240, muls: 240 }],
    ['Col2Im', [[1, 8, 9], intsOf(4, 4), intsOf(2, 2)], {}, { adds: 72 }],
    ['Range', [floatsOf(0), floatsOf(5), floatsOf(1)].map((t) => ({ ...t, shape: [] })), {}, { adds: 5, muls: 5 }],
    ['Cast', [[4]], { to: 7 }, {}],
    ['Transpose', [[4, 5]], {}, {}],
  ])('of %s, case %#', (op, inputs, attributes, cost) => {
    expect(oneNode(op, inputs, attributes, { opset: 20 }).cost).toEqual(cost)
  })

  it.each<[string, readonly NodeInput[]]>([
    [
      'NonMaxSuppression',
      [
        [1, 5, 4],
        [1, 2, 5],
      ],
    ],
    ['NonZero', [[1, 2, 3, 4]]],
    ['Unique', [[1, 2, 3, 4]]],
    ['Compress', [[1, 2, 3, 4], { elementType: 'bool', shape: [5] }]],
    ['RoiAlign', [[1, 2, 3, 4], [5, 4], { elementType: 'int64', shape: [5] }]],
    [
      'MaxRoiPool',
      [
        [1, 2, 3, 4],
        [5, 5],
      ],
    ],
  ])('of %s depends on data', (op, inputs) => {
    const attributes: Record<string, AttributeValue> = op === 'MaxRoiPool' ? { pooled_shape: [2, 2] } : {}
    expect(oneNode(op, inputs, attributes).operator.cost).toBe('data-dependent')
  })
})

describe('Col2Im', () => {
  it('refuses columns that are not those of the image', () => {
    const image = (...columns: number[]) => [columns, intsOf(4, 4), intsOf(2, 2)]
    expect(() => oneNode('Col2Im', image(1, 6, 9))).toThrow('6 rows do not divide into blocks of 4')
    expect(() => oneNode('Col2Im', image(1, 8, 12))).toThrow(
      'there are 12 columns, but 3×3 places for a block of 2×2 in 4×4',
    )
  })
})

describe('memory accesses', () => {
  it.each<[string, NodeInput[], Record<string, AttributeValue>, number[], number[]]>([
    // 2·3 rows of 5 are taken of 100; the indices are read once.
    ['Gather', [[100, 5], indices], {}, [30, 6], [30]],
    ['Slice', [[8, 10], intsOf(2), intsOf(5), intsOf(0)], {}, [30, 1, 1, 1], [30]],
    ['Expand', [[3, 1], intsOf(3, 4)], {}, [3, 2], [12]],
    ['Tile', [[3], intsOf(4)], {}, [3, 1], [12]],
    ['Pad', [[4, 4], intsOf(-1, 1, 0, 1)], {}, [12, 4], [18]],
    [
      'Concat',
      [
        [2, 3],
        [2, 4],
      ],
      { axis: 1 },
      [6, 8],
      [14],
    ],
    ['RandomNormalLike', [[2, 3]], {}, [0], [6]],
  ])('of %s', (op, inputs, attributes, reads, writes) => {
    const { operator, call } = oneNode(op, inputs, attributes)
    expect(typeof operator.accesses === 'function' && operator.accesses(call)).toEqual({ reads, writes })
  })

  it.each(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Shape', 'Size', 'Constant'])(
    '%s moves nothing',
    (op) => {
      const more = op === 'Reshape' ? [intsOf(-1)] : op === 'Unsqueeze' ? [intsOf(0)] : []
      const { operator } = oneNode(
        op,
        op === 'Constant' ? [] : [[2, 3], ...more],
        op === 'Constant' ? { value_int: 1 } : {},
      )
      expect(operator.accesses).toBe('view')
    },
  )
})

describe('blocks of a reshape', () => {
  it.each<[string, number[], number[], string]>([
    ['flattens', [2, 3, 4, 5], [2, 60], '0→0 1,2,3→1'],
    ['splits an axis', [2, 12, 5], [2, 3, 4, 5], '0→0 1→1,2 2→3'],
    ['merges and splits', [4, 6], [8, 3], '0,1→0,1'],
    ['drops ones', [1, 8, 1, 1], [1, 8], '0→0 1→1 2→ 3→'],
    ['adds ones', [8], [1, 8, 1], '0→0,1 →2'],
    ['keeps everything', [1, 1, 3], [1, 1, 3], '0→0 1→1 2→2'],
    ['makes a scalar', [1], [], '0→'],
  ])('%s', (_, from, to, expected) => {
    expect(
      factorBlocks(from, to)
        .map((b) => `${b.inputs}→${b.outputs}`)
        .join(' '),
    ).toBe(expected)
  })

  it('end where products of sizes beyond 2⁵³ differ by rounding', () => {
    const [from, to] = [
      [1162261469, 1162261471, 1162261473, 7],
      [7, 1162261473, 1162261471, 1162261469],
    ] as const
    const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b)
    expect(product(from)).not.toBe(product(to))
    expect(factorBlocks(from, to)).toEqual([{ inputs: [0, 1, 2, 3], outputs: [0, 1, 2, 3] }])
  })
})
