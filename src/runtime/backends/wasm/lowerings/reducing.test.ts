import { describe, expect, it } from 'vitest'
import { GraphBuilder, tensorOf } from '../../../../graph/index.ts'
import { createSession, hostTensor } from '../../../index.ts'

/*
 * x = np.arange(1, 17, dtype=np.float32).reshape(2, 2, 2, 2) ** 2; w = [[1, 1], [0, 1]] as 1×1 weights. The values are those of onnx 1.23
 * (ReferenceEvaluator) and onnxruntime 1.32 for Conv and ReduceMean(axes, keepdims=0), operator set 13.
 */
const expected = [
  [
    [0, 3],
    [153, 221, 106.5, 148.5],
  ],
  [
    [0, 2],
    [170, 204, 117, 138],
  ],
  [
    [0, 1],
    [117.5, 142, 169.5, 200],
  ],
  [
    [1, 3],
    [31.75, 62.75, 227.75, 306.75],
  ],
] as const

describe('a reduction behind a convolution, whose channels come last', () => {
  it.each(expected)('has its result in the order of ONNX without axes %j', async (axes, values) => {
    const b = new GraphBuilder('reduced', 13)
    const x = b.input('x', 'float32', [2, 2, 2, 2])
    const w = b.constant('w', tensorOf('float32', [2, 2, 1, 1], [1, 1, 0, 1]))
    b.output(b.node('ReduceMean', [b.node('Conv', [x, w])], { axes, keepdims: 0 }, { outputs: ['y'] }))
    await using session = await createSession(b.model())
    const squares = Float32Array.from({ length: 16 }, (_, i) => (i + 1) ** 2)
    const { y } = await session.run({ x: hostTensor('float32', [2, 2, 2, 2], squares) })
    expect(y!.shape).toEqual([2, 2])
    expect([...(y!.data as Float32Array)]).toEqual(values)
  })
})
