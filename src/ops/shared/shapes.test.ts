import { describe, expect, it } from 'vitest'
import { type AttributeValue, analyse, GraphBuilder, type Tensor, tensorOf } from '../../graph/index.ts'
import { floatsOf, intsOf, oneNode, scalarOf } from '../../testing/one-node.ts'
import { operators } from '../index.ts'

const int = (value: number): Tensor => tensorOf('int64', [], [value])
/** A vector whose content nobody knows. */
const unknownInts = (length: number) => ({ elementType: 'int64', shape: [length] }) as const

/** Fresh symbols have numbers: all the same here. */
const named = (shape: readonly (number | string)[] | undefined) =>
  shape?.map((d) => (typeof d === 'string' && d.startsWith('?') ? '?' : d))

describe('sizes that are symbols', () => {
  it.each<[string, (number | string)[], number[], (number | string)[]]>([
    ['copied and the rest', ['N', 64, 7, 7], [0, -1], ['N', 3136]],
    ['the symbol as the rest', ['N', 64, 7, 7], [-1, 3136], ['N']],
    ['between numbers', ['N', 4, 'L'], [0, 2, 2, -1], ['N', 2, 2, 'L']],
    ['two symbols as the rest', ['N', 4, 'L'], [-1, 4], ['?']],
    ['no symbol', [2, 3, 4], [4, -1], []],
  ])('Reshape: %s', (_, x, target, expected) => {
    const { shapes } = oneNode('Reshape', [x, intsOf(...target)])
    const got = named(shapes[0])
    if (expected.length === 0) expect(got).toEqual([4, 6])
    else expect(got?.slice(0, expected.length)).toEqual(expected)
  })

  it('Reshape: a target of floating-point numbers counts where they are whole', () => {
    expect(oneNode('Reshape', [[2, 3], floatsOf(3, -1)]).shapes[0]).toEqual([3, 2])
    expect(() => oneNode('Reshape', [[3, 3], floatsOf(1.5, 6)])).toThrow('1.5 in input 1 is no whole number')
    expect(() => oneNode('Reshape', [[3, 3], floatsOf(Number.NaN, 6)])).toThrow('NaN in input 1 is no whole number')
  })

  it('of a target that depends on data has at least its rank', () => {
    expect(named(oneNode('Reshape', [[2, 3], unknownInts(3)]).shapes[0])).toEqual(['?', '?', '?'])
  })

  it.each<
    [string, (number | string)[], readonly (Tensor | undefined)[], Record<string, AttributeValue>, (number | string)[]]
  >([
    ['Flatten', ['N', 3, 4], [], {}, ['N', 12]],
    ['Flatten', ['N', 'C', 4], [], {}, ['N', '?']],
    ['Transpose', ['N', 3, 'H'], [], { perm: [2, 0, 1] }, ['H', 'N', 3]],
    ['Slice', ['N', 8], [intsOf(0, 2), intsOf(2 ** 40, -2), intsOf(0, 1)], {}, ['N', 4]],
    ['Slice', ['N', 8], [intsOf(1), intsOf(2 ** 40), intsOf(0)], {}, ['?', 8]],
    ['Pad', ['N', 3, 'H'], [intsOf(0, 1, 1, 0, 2, 0)], {}, ['N', 6, '?']],
    ['Squeeze', ['N', 1, 3], [intsOf(1)], {}, ['N', 3]],
    ['Unsqueeze', ['N', 3], [intsOf(-1, 0)], {}, [1, 'N', 3, 1]],
    ['Expand', ['N', 1, 3], [intsOf(1, 5, 1)], {}, ['N', 5, 3]],
    ['Tile', ['N', 3], [intsOf(1, 4)], {}, ['N', 12]],
    ['Gather', ['N', 3, 4], [int(-1)], { axis: 1 }, ['N', 4]],
    ['ReduceMean', ['N', 3, 'H'], [], { axes: [-2] }, ['N', 1, 'H']],
    ['ArgMax', ['N', 3], [], { axis: -1, keepdims: 0 }, ['N']],
    ['TopK', ['N', 9], [intsOf(4)], {}, ['N', 4]],
    ['OneHot', ['N'], [int(5), floatsOf(0, 1)], {}, ['N', 5]],
    ['NonZero', ['N', 4], [], {}, [2, '?']],
  ])('%s of [%s]', (op, x, more, attributes, expected) => {
    expect(named(oneNode(op, [x, ...more], attributes).shapes[0])).toEqual(expected)
  })

  it('meet numbers in Concat and Add', () => {
    expect(
      named(
        oneNode(
          'Concat',
          [
            ['N', 3],
            [2, 4],
          ],
          { axis: 1 },
        ).shapes[0],
      ),
    ).toEqual([2, 7])
    expect(
      named(
        oneNode(
          'Concat',
          [
            ['N', 3],
            ['M', 'C'],
          ],
          { axis: 1 },
        ).shapes[0],
      ),
    ).toEqual(['N', '?'])
    expect(
      named(
        oneNode('Sub', [
          ['N', 1],
          ['N', 4],
        ]).shapes[0],
      ),
    ).toEqual(['N', 4])
  })
})

describe('settings that moved from attributes to inputs', () => {
  it.each<[string, number[], readonly (Tensor | undefined)[], Record<string, AttributeValue>, number, number[][]]>([
    ['Squeeze', [1, 3, 1], [], { axes: [2] }, 11, [[1, 3]]],
    ['Squeeze', [1, 3, 1], [intsOf(2)], {}, 13, [[1, 3]]],
    ['Squeeze', [1, 3, 1], [], {}, 13, [[3]]],
    ['Unsqueeze', [3], [], { axes: [0, 2] }, 11, [[1, 3, 1]]],
    ['Slice', [8, 8], [], { starts: [1], ends: [-1], axes: [1] }, 9, [[8, 6]]],
    ['Slice', [8, 8], [intsOf(7), intsOf(-100), intsOf(1), intsOf(-3)], {}, 13, [[8, 3]]],
    ['Pad', [2, 2], [], { pads: [0, 1, 0, 1] }, 7, [[2, 4]]],
    ['Pad', [2, 2], [intsOf(3, 0), undefined, intsOf(-1)], {}, 18, [[2, 5]]],
    ['Split', [7], [], { split: [3, 4] }, 11, [[3], [4]]],
    ['Split', [7], [intsOf(3, 4)], {}, 13, [[3], [4]]],
    ['Split', [7], [], { num_outputs: 2 }, 18, [[4], [3]]],
    ['ReduceSum', [2, 3, 4], [intsOf(0, 2)], { keepdims: 0 }, 13, [[3]]],
    ['ReduceMean', [2, 3, 4], [], { axes: [1] }, 13, [[2, 1, 4]]],
    ['ReduceMean', [2, 3, 4], [intsOf(1)], {}, 18, [[2, 1, 4]]],
    ['ReduceMax', [2, 3, 4], [], {}, 18, [[1, 1, 1]]],
    ['ReduceMax', [2, 3, 4], [], { noop_with_empty_axes: 1 }, 18, [[2, 3, 4]]],
    [
      'TopK',
      [2, 9],
      [],
      { k: 3 },
      7,
      [
        [2, 3],
        [2, 3],
      ],
    ],
    ['Upsample', [1, 2, 3, 4], [floatsOf(1, 1, 2, 2)], {}, 9, [[1, 2, 6, 8]]],
  ])('%s of [%s], case %#', (op, x, more, attributes, opset, expected) => {
    expect(oneNode(op, [x, ...more], attributes, { opset, outputs: expected.length }).shapes).toEqual(expected)
  })
})

describe('what does not fit', () => {
  it.each<[string, readonly (readonly (number | string)[] | Tensor)[], Record<string, AttributeValue>, number, string]>(
    [
      [
        'Sub',
        [
          [2, 3],
          [4, 3],
        ],
        {},
        1,
        'cannot be broadcast',
      ],
      [
        'Concat',
        [
          [2, 3],
          [3, 3],
        ],
        { axis: 1 },
        1,
        'the inputs differ on axis 0, and only axis 1 may differ',
      ],
      ['Concat', [[2, 3], [2]], { axis: 0 }, 1, 'different numbers of dimensions'],
      ['Concat', [[2, 3]], {}, 1, 'the attribute axis is missing'],
      ['Split', [[7]], {}, 2, '7 does not divide into 2 equal parts'],
      ['Split', [[7], intsOf(3, 3)], {}, 2, 'the parts [3,3] do not make up 2 outputs of together 7'],
      ['Reshape', [[2, 3], intsOf(4, 2)], {}, 1, '6 elements do not fit into the target [4,2]'],
      ['Reshape', [[2, 3], intsOf(4, -1)], {}, 1, '6 elements do not divide by the sizes [4]'],
      ['Reshape', [[2, 3], intsOf(-1, -1)], {}, 1, 'the target [-1,-1] is not a shape'],
      ['Reshape', [[2, 3], intsOf(2, 3, 0)], {}, 1, 'copies axis 2, which the input does not have'],
      ['Transpose', [[2, 3]], { perm: [0, 0] }, 1, 'perm [0,0] is not a permutation of 2 axes'],
      ['Squeeze', [[2, 3], intsOf(1)], {}, 1, 'axis 1 cannot be squeezed: its size is 3'],
      ['Unsqueeze', [[2], intsOf(0, 0)], {}, 1, 'axes [0,0] name one axis twice'],
      ['Flatten', [[2, 3]], { axis: 4 }, 1, 'axis 4 is out of range'],
      ['Gather', [tensorOf('float32', [2], [1, 2]), intsOf(5)], {}, 1, 'index 5 is out of range for 2 elements'],
      ['Tile', [[2, 3], intsOf(2)], {}, 1, '1 repeats [2] for 2 axes'],
      ['Pad', [[2, 3], intsOf(1, 1)], {}, 1, 'pads [1,1] should have 4 entries'],
      ['Pad', [[2, 3], intsOf(-2, 0, -1, 0)], {}, 1, 'take more from axis 0 than it has'],
      ['Slice', [[2, 3], intsOf(0), intsOf(1), intsOf(0), intsOf(0)], {}, 1, 'a step is 0'],
      ['TopK', [[2, 3], intsOf(4)], {}, 2, 'k 4 is out of range for 3 elements'],
      ['ReduceSum', [[2, 3], intsOf(2)], {}, 1, 'axis 2 is out of range for 2 dimensions'],
      ['Range', [scalarOf(0), scalarOf(4), scalarOf(0)], {}, 1, 'delta is 0'],
      ['Range', [scalarOf(0), scalarOf(2 ** 60), scalarOf(1)], {}, 1, 'are too many numbers'],
      ['Cast', [[2]], { to: 99 }, 1, '99 is not the number of an ONNX element type'],
      ['ConstantOfShape', [intsOf(2, -3)], {}, 1, '-3 is not a size'],
      ['Expand', [[2, 3], intsOf(4, 3)], {}, 1, 'it cannot be expanded to [4,3]'],
    ],
  )('%s, case %#', (op, inputs, attributes, outputs, message) => {
    // Values are followed when asked for.
    expect(() => oneNode(op, inputs, attributes, { outputs }).outputs.map((o) => o?.value)).toThrow(message)
  })
})

describe('shape arithmetic', () => {
  it('resolves an exported reshape and reads no weight for it', () => {
    const b = new GraphBuilder('view')
    const x = b.input('x', 'float32', [2, 12, 5, 7])
    const size = (axis: number) => b.node('Gather', [b.node('Shape', [x]), b.constant(`axis${axis}`, int(axis))])
    const unsqueeze = (value: string) => b.node('Unsqueeze', [value, 'zero'])
    b.ints('zero', [0])
    b.constant('three', int(3))
    const part = b.node('Div', [size(1), 'three'])
    const target = b.node('Concat', [unsqueeze(size(0)), unsqueeze('three'), unsqueeze(part), b.ints('rest', [-1])], {
      axis: 0,
    })
    const y = b.node('Reshape', [x, target])
    let read = 0
    const weight = tensorOf('float32', [12], new Array<number>(12).fill(1))
    b.constant('w', {
      ...weight,
      data: {
        byteLength: 48,
        bytes: () => {
          read++
          return weight.data.bytes()
        },
      },
    })
    b.output(b.node('Mul', [b.node('Transpose', [x], { perm: [0, 2, 3, 1] }), 'w']))
    b.output(y)
    const { values, constants } = analyse(b.model(), operators)
    expect(values.get(y)?.shape).toEqual([2, 3, 4, 35])
    expect(read).toBe(0)
    expect(constants.has(target)).toBe(true)
    expect(constants.has(y)).toBe(false)
  })

  it('divides integers toward zero and floats not', () => {
    const ints = (a: number, b: number, op: string, attributes = {}) =>
      oneNode(op, [intsOf(a), intsOf(b)], attributes).outputs[0]?.value?.data[0]
    expect(ints(-7, 2, 'Div')).toBe(-3)
    expect(ints(-7, 2, 'Mod')).toBe(1)
    expect(ints(-7, 2, 'Mod', { fmod: 1 })).toBe(-1)
    expect(oneNode('Div', [floatsOf(7), floatsOf(2)]).outputs[0]?.value?.data[0]).toBe(3.5)
  })

  it('rounds float32 as a runtime does, so that a Floor after it agrees', () => {
    // 1/49 is rounded up in float64 and float32 alike, but 49 · (1/49) is below 1 in float64 alone.
    const seventh = Math.fround(1 / 49)
    expect(49 * seventh).not.toBe(1)
    expect(oneNode('Mul', [floatsOf(49), floatsOf(seventh)]).outputs[0]?.value?.data[0]).toBe(1)
  })

  it('leaves big constants unread', () => {
    const node = oneNode('ConstantOfShape', [intsOf(4096, 4096)])
    expect(node.shapes[0]).toEqual([4096, 4096])
    expect(node.outputs[0]?.value).toBeUndefined()
  })

  it.each<[Record<string, AttributeValue>, string, number[], number[] | undefined]>([
    [{ value: tensorOf('int32', [2], [3, 4]) }, 'int32', [2], [3, 4]],
    [{ value_int: 5 }, 'int64', [], [5]],
    [{ value_ints: [5, 6] }, 'int64', [2], [5, 6]],
    [{ value_float: { kind: 'float', value: 0.5 } }, 'float32', [], [0.5]],
    [{ value_floats: { kind: 'floats', value: [0.5, 2] } }, 'float32', [2], [0.5, 2]],
    [{ value_string: 'a' }, 'string', [], undefined],
    [{ value_strings: ['a', 'b', 'c'] }, 'string', [3], undefined],
  ])('Constant %#', (attributes, elementType, shape, data) => {
    const [output] = oneNode('Constant', [], attributes).outputs
    expect(output).toMatchObject({ elementType, shape })
    expect(output?.value && Array.from(output.value.data)).toEqual(data)
  })
})
