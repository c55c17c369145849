import { describe, expect, it } from 'vitest'
import { type AttributeValue, GraphBuilder, type Tensor, tensorOf } from '../../graph/index.ts'
import { pruneModel } from '../../prune/index.ts'
import { createSession, hostTensor, referenceRun } from '../../runtime/index.ts'
import { floatsOf, oneNode, scalarOf } from '../../testing/one-node.ts'

const counting = (...shape: number[]) =>
  tensorOf(
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  )

/** The content of a node's output, of stored tensors. */
const values = (opType: string, inputs: Tensor[], attributes: Record<string, AttributeValue>, opset: number) => {
  const { outputs } = oneNode(opType, inputs, attributes, { opset })
  return { shape: outputs[0]?.shape, data: Array.from(outputs[0]?.value?.data ?? []) }
}

describe('operands of older operator sets', () => {
  it('begin at an axis before opset 7', () => {
    const inputs = [counting(1, 2, 2, 1), floatsOf(10, 20)]
    expect(values('Add', inputs, { broadcast: 1, axis: 1 }, 6)).toEqual({ shape: [1, 2, 2, 1], data: [10, 11, 22, 23] })
    expect(values('Greater', inputs, { broadcast: 1, axis: -3 }, 6).data).toEqual([0, 0, 0, 0])
    expect(values('Mul', [counting(2, 2), floatsOf(10, 20)], { broadcast: 1 }, 6).data).toEqual([0, 20, 20, 60])
    expect(() => oneNode('Sub', [[1, 2, 3, 4], [3]], { broadcast: 1, axis: 1 }, { opset: 6 })).toThrow(
      'the shapes cannot be broadcast together',
    )
    // From opset 7 on the attribute does not exist.
    expect(values('Add', [counting(1, 2, 2, 1), floatsOf(10, 20)], { axis: 1 }, 7).shape).toEqual([1, 2, 2, 2])
  })

  it('a slope per channel of PRelu is [C] before opset 7', () => {
    const x = tensorOf('float32', [1, 2, 2], [-1, 2, -3, 4])
    expect(values('PRelu', [x, floatsOf(10, 100)], {}, 6)).toEqual({ shape: [1, 2, 2], data: [-10, 2, -300, 4] })
    expect(values('PRelu', [x, floatsOf(10)], {}, 6).data).toEqual([-10, 2, -30, 4])
    expect(values('PRelu', [x, floatsOf(10, 100)], {}, 7).data).toEqual([-10, 2, -30, 4])
    expect(() => oneNode('PRelu', [[1, 8, 4, 4], [8]], {}, { opset: 7 })).toThrow('the slope cannot be broadcast')
  })

  it('run, on kernels too, and are cut with their channels', async () => {
    const b = new GraphBuilder('old', 6)
    const x = b.input('x', 'float32', [1, 1, 2, 2])
    const w = b.constant('w', tensorOf('float32', [4, 1, 1, 1], [1, -2, 3, -4]))
    const conv = b.node('Conv', [x, w], { kernel_shape: [1, 1] })
    const bias = b.node('Add', [conv, b.constant('bias', floatsOf(1, 2, 3, 4))], { broadcast: 1, axis: 1 })
    const gate = b.node('Reshape', [b.constant('gates', floatsOf(1, 2, 3, 4)), b.ints('two', [4])])
    const slope = b.constant('slope', floatsOf(0.5, 0.25, 2, 1))
    const active = b.node('PRelu', [b.node('Mul', [bias, gate], { broadcast: 1, axis: 1 }), slope])
    b.output(b.node('Conv', [active, b.constant('w2', tensorOf('float32', [1, 4, 1, 1], [1, 1, 1, 1]))], {}))
    const model = b.model()
    const feeds = { x: hostTensor('float32', [1, 1, 2, 2], [1, -1, 2, -2]) }
    // x + 1, 2·(2 − 2x), 3·(3x + 3), 4·(4 − 4x), each with its slope below 0, and summed.
    const expected = [1, -1, 2, -2].map((v) =>
      [v + 1, 2 * (2 - 2 * v), 3 * (3 * v + 3), 4 * (4 - 4 * v)].reduce(
        (sum, y, c) => sum + (y < 0 ? [0.5, 0.25, 2, 1][c]! * y : y),
        0,
      ),
    )
    const session = await createSession(model, { inputShapes: new Map([['x', [1, 1, 2, 2]]]) })
    expect(Array.from(Object.values(await session.run(feeds))[0]?.data as Float32Array)).toEqual(expected)
    expect(
      Array.from([...referenceRun(model, new Map(Object.entries(feeds))).values()][0]?.data as Float32Array),
    ).toEqual(expected)
    const { model: cut } = await pruneModel(model, { criterion: 'l1', scope: { ratio: 0.5 } })
    expect(cut.graph.initializers.get('bias')?.shape).toEqual([2])
    expect(cut.graph.initializers.get('slope')?.shape).toEqual([2])
  })
})

describe('the first versions of operators', () => {
  it('Concat joins along axis 1, Pad has paddings, Reshape a shape, Tile one axis', () => {
    expect(
      oneNode(
        'Concat',
        [
          [1, 2, 3],
          [1, 4, 3],
        ],
        {},
        { opset: 1 },
      ).shapes,
    ).toEqual([[1, 6, 3]])
    expect(() => oneNode('Concat', [[1, 2, 3]], {}, { opset: 4 })).toThrow('the attribute axis is missing')
    expect(oneNode('Pad', [[2, 3]], { paddings: [0, 1, 0, 2] }, { opset: 1 }).shapes).toEqual([[2, 6]])
    expect(oneNode('Reshape', [[2, 6]], { shape: [0, 3, -1] }, { opset: 1 }).shapes).toEqual([[2, 3, 2]])
    expect(values('Tile', [floatsOf(1, 2), scalarOf(2), scalarOf(0)], {}, 1).data).toEqual([1, 2, 1, 2])
  })

  it('Upsample has a factor for height and width, Cast the name of a type, the norm of pooling is broken', () => {
    const factors = { height_scale: { kind: 'float', value: 2 }, width_scale: { kind: 'float', value: 3 } } as const
    expect(oneNode('Upsample', [[1, 1, 2, 2]], factors, { opset: 1 }).shapes).toEqual([[1, 1, 4, 6]])
    expect(oneNode('Cast', [[2]], { to: 'DOUBLE' }, { opset: 1 }).outputs[0]?.elementType).toBe('float64')
    expect(() => oneNode('Cast', [[2]], { to: 'REAL' }, { opset: 1 })).toThrow(
      '0 is not the number of an ONNX element type',
    )
    const p = { kind: 'float', value: 2 } as const
    expect(values('GlobalLpPool', [tensorOf('float32', [1, 1, 2], [3, 4])], { p }, 1).data).toEqual([5])
    expect(values('Selu', [floatsOf(1)], {}, 1).data[0]).toBeCloseTo(1.0507, 7)
  })
})
