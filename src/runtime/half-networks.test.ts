import { describe, expect, it } from 'vitest'
import type { ElementType } from '../base/index.ts'
import { GraphBuilder, type Tensor, tensorOf } from '../graph/index.ts'
import { createSession, hostTensor, hostValues } from './index.ts'

/*
 * ONNX Runtime 1.22 on the network below:
 *
 *     x = (np.arange(2*2*4*4)*0.37 % 3 - 1.3).reshape(2,2,4,4).astype(np.float16)
 *     w = (np.arange(4*2*3*3)*0.29 % 2 - 0.9).reshape(4,2,3,3).astype(np.float16)
 *     y, z = ort.InferenceSession(model).run(None, {'x': x}); y[0,:,1,1]; y[1,:,3,0]; z
 */
const expected = {
  first: [5.605, 0, 0, 0],
  last: [0, 0.3965, 0, 2.191],
  z: [1.6552734375, 0.4248046875, 1.603515625, 0.6669921875, 1.587890625, 0.5146484375, 1.4921875, 0.56396484375],
}

const ramp = (count: number, step: number, wrap: number, shift: number) =>
  Float64Array.from({ length: count }, (_, i) => ((i * step) % wrap) + shift)

/** Conv and ReLU in halves, a multiplication in float32 between two casts. */
function network(type: ElementType, code: number) {
  const b = new GraphBuilder('halves', 13)
  const x = b.input('x', type, [2, 2, 4, 4])
  const w = b.constant('w', tensorOf(type, [4, 2, 3, 3], ramp(72, 0.29, 2, -0.9)))
  const bias = b.constant('b', tensorOf(type, [4], [0.1, -0.2, 0.3, 0.05]))
  const k = b.constant('k', tensorOf('float32', [1, 4, 1, 1], [1.5, -0.5, 2, 1]) satisfies Tensor)
  const c = b.node('Conv', [x, w, bias], { pads: [1, 1, 1, 1] })
  const m = b.node('Mul', [b.node('Cast', [c], { to: 1 }), k])
  const y = b.node('Relu', [b.node('Cast', [m], { to: code })])
  b.output(y, { kind: 'tensor', elementType: type, shape: [2, 4, 4, 4] })
  b.output(b.node('ReduceMean', [y], { axes: [2, 3], keepdims: 0 }), {
    kind: 'tensor',
    elementType: type,
    shape: [2, 4],
  })
  return b.model()
}

describe('networks of 16-bit floats', () => {
  it.each([
    ['float16', 10, 2e-3],
    ['bfloat16', 16, 2e-2],
  ] as const)('run by the kernels, within the rounding of the type (%s)', async (type, code, tolerance) => {
    const notices: string[] = []
    const session = await createSession(network(type, code), { onNotice: (text) => notices.push(text) })
    const x = hostTensor(type, [2, 2, 4, 4], ramp(64, 0.37, 3, -1.3))
    const [y, z] = Object.values(await session.run({ x }))
    expect(notices).toEqual([])
    expect([y?.elementType, z?.elementType]).toEqual([type, type])
    expect(y?.data).toBeInstanceOf(Uint16Array)
    const values = hostValues(y as never)
    const at = (n: number, h: number, w: number) => [0, 1, 2, 3].map((c) => values[((n * 4 + c) * 4 + h) * 4 + w]!)
    const near = (received: ArrayLike<number>, wanted: readonly number[]) =>
      expect(wanted.filter((v, i) => !(Math.abs(received[i]! - v) < tolerance * 6))).toEqual([])
    near(at(0, 1, 1), expected.first)
    near(at(1, 3, 0), expected.last)
    near(hostValues(z as never), expected.z)
    // Casts between halves and float32 are nothing: Conv, Mul and ReLU, ReduceMean, and changes of layout.
    const { tasks } = await session.profile({ x }, 0.001)
    expect(tasks.map((t) => t.operators.join('+')).filter((o) => o !== '')).toEqual([
      'Conv+Cast',
      'Mul+Cast+Relu',
      'ReduceMean',
    ])
    session.dispose()
  })

  it('write into arrays of the caller', async () => {
    const session = await createSession(network('float16', 10))
    const x = hostTensor('float16', [2, 2, 4, 4], ramp(64, 0.37, 3, -1.3))
    const [name] = session.outputNames as [string]
    const own = hostTensor('float16', [2, 4, 4, 4], new Float64Array(128))
    const outputs = await session.run({ x }, { into: { [name]: own } })
    expect(outputs[name]).toBe(own)
    expect(hostValues(own)[5]).toBeCloseTo(5.605, 2)
    session.dispose()
  })
})
