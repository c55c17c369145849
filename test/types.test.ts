// What TypeScript knows of tensors. Checked where this file is compiled (`npm run check`); run, it only shows that the values are what the types say.

import { expect, expectTypeOf, it } from 'vitest'
import { createSession, type HostTensor, hostTensor } from '../src/api/index.ts'
import { nets } from '../src/api/nets.ts'
import type { HostData, HostElementType } from '../src/api/runtime.ts'

it('a tensor of a known element type has the array of that type', () => {
  const floats = hostTensor('float32', [2], [1, 2])
  expectTypeOf(floats.data).toEqualTypeOf<Float32Array>()
  expectTypeOf(floats.elementType).toEqualTypeOf<'float32'>()
  expect(floats.data).toBeInstanceOf(Float32Array)
  const integers = hostTensor('int64', [1], [1])
  expectTypeOf(integers.data).toEqualTypeOf<BigInt64Array>()
  expect(integers.data).toBeInstanceOf(BigInt64Array)
  const halves = hostTensor('float16', [1], [1])
  expectTypeOf(halves.data).toEqualTypeOf<Uint16Array>()
  expect(halves.data).toBeInstanceOf(Uint16Array)
  const packed = hostTensor('uint4', [2], [1, 2])
  expectTypeOf(packed.data).toEqualTypeOf<Uint8Array>()
  expect(packed.data).toEqual(Uint8Array.of(0x21))
})

it('one of an element type that is found out later is narrowed by it', async () => {
  const session = await createSession(nets.lenet5_bn({ batch: 1 }))
  const { logits } = await session.run({ input: new Float32Array(28 * 28) })
  session.dispose()
  expectTypeOf<NonNullable<typeof logits>>().toEqualTypeOf<HostTensor>()
  expectTypeOf<HostTensor['data']>().toEqualTypeOf<HostData>()
  if (logits?.elementType !== 'float32') throw new Error('not float32')
  expectTypeOf(logits.data).toEqualTypeOf<Float32Array>()
  expect(logits.data).toHaveLength(10)
})

it('any tensor is one of the union, and none has the array of another type', () => {
  expectTypeOf<HostTensor<'int8'>>().toExtend<HostTensor>()
  const elementType = 'float64' as HostElementType
  const some = hostTensor(elementType, [1], [1])
  expectTypeOf(some).toEqualTypeOf<HostTensor>()
  expect(some.data).toBeInstanceOf(Float64Array)
  // @ts-expect-error float32 has no Float64Array
  const wrong: HostTensor = { elementType: 'float32', shape: [1], data: new Float64Array(1) }
  expect(wrong.shape).toEqual([1])
})
