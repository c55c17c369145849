// Networks of 16-bit floats and of codes, which Kerf runs in float32, against ONNX Runtime.

import { expect, it } from 'vitest'
import { elementCount, seededRandom } from '../src/base/index.ts'
import { readModelFile } from '../src/onnx/index.node.ts'
import { createSession, type HostTensor, hostTensor, hostValues, tensorOver } from '../src/runtime/index.node.ts'
import { describeOrt, runOrt } from '../src/testing/ort.ts'
import { hasShared, sharedPath } from '../src/testing/shared.ts'

/** How far outputs may be apart, as a part of the largest. */
const cases = [
  // Eleven bits of a half, and ONNX Runtime rounds after every node.
  { name: 'float16-no-kernel', tolerance: 2e-3 },
  // A code of 255 that falls on the other side of a half, through two more layers.
  { name: 'dynamic-quantised-no-kernel', tolerance: 1e-2 },
]

describeOrt('widened networks (need ../shared)', () => {
  it.skipIf(!hasShared).each(cases)(
    '$name gives what ONNX Runtime gives, without a notice',
    async ({ name, tolerance }) => {
      const path = sharedPath('cases/real', name, 'model.onnx')
      const model = readModelFile(path)
      const [input] = model.graph.inputs
      if (input?.type?.kind !== 'tensor') throw new Error('no tensor')
      const shape = input.type.shape as number[]
      const random = seededRandom(5)
      const values = Float32Array.from({ length: elementCount(shape)! }, () => random.normal())
      const x = hostTensor(input.type.elementType, shape, values)
      const notices: string[] = []
      const session = await createSession(model, { onNotice: (text) => notices.push(text) })
      const [y] = Object.values(await session.run({ [input.name]: x })) as [HostTensor]
      session.dispose()
      const given = { type: x.elementType as 'float32', dims: shape, data: x.data as Float32Array }
      const [expected] = Object.values(await runOrt(path, { [input.name]: given }))
      expect(notices).toEqual([])
      const wanted = hostValues(tensorOver(y.elementType, y.shape, expected?.data as Float32Array))
      const most = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
      const apart = hostValues(y).map((v, i) => Math.abs(v - wanted[i]!) / most)
      expect(apart.reduce((a, b) => Math.max(a, b), 0)).toBeLessThan(tolerance)
    },
  )
})
