import { describe, expect, it } from 'vitest'
import { tensorOf } from '../graph/index.ts'
import { dataLengthOf, fromDense, fromStored, hostTensor, hostValues, tensorOver, toDense } from './tensor.ts'

describe('tensors of callers', () => {
  it.each([
    ['float32', Float32Array.of(1.5, -2), [1.5, -2]],
    ['float64', Float64Array.of(0.1, -2), [0.1, -2]],
    ['float16', Uint16Array.of(0x3e00, 0xc000), [1.5, -2]],
    ['bfloat16', Uint16Array.of(0x3fc0, 0xc000), [1.5, -2]],
    ['int8', Int8Array.of(1, -2), [1, -2]],
    ['uint8', Uint8Array.of(1, 254), [1, 254]],
    ['bool', Uint8Array.of(1, 0), [1, 0]],
    ['int16', Int16Array.of(300, -2), [300, -2]],
    ['uint16', Uint16Array.of(300, 65534), [300, 65534]],
    ['int32', Int32Array.of(70000, -2), [70000, -2]],
    ['uint32', Uint32Array.of(70000, 4294967294), [70000, 4294967294]],
    ['int64', BigInt64Array.of(5n, -2n), [5, -2]],
    ['uint64', BigUint64Array.of(5n, 2n ** 53n), [5, 2 ** 53]],
    ['uint4', Uint8Array.of(0xf1), [1, 15]],
  ] as const)('%s', (elementType, data, values) => {
    const tensor = tensorOver(elementType, [2], data)
    expect(hostTensor(elementType, [2], values)).toEqual(tensor)
    expect([...hostValues(tensor)]).toEqual(values)
    expect(fromStored(tensorOf(elementType, [2], values))).toEqual(tensor)
    expect(fromDense(toDense(tensor))).toEqual(tensor)
    expect(data).toHaveLength(dataLengthOf(elementType, 2))
  })

  it('round as their type does', () => {
    expect(hostTensor('float32', [1], [0.1]).data[0]).toBe(Math.fround(0.1))
    expect(hostTensor('uint8', [1], [257]).data[0]).toBe(1)
    expect(hostTensor('int64', [1], [1e30]).data[0]).toBe(2n ** 63n - 1n)
  })

  it('keep their memory to themselves', () => {
    const bytes = new Uint8Array([0, 0, 0, 0, 0, 0, 0x80, 0x3f])
    const tensor = fromStored({
      elementType: 'float32',
      shape: [1],
      data: { byteLength: 4, bytes: () => bytes.subarray(4) },
    })
    bytes.fill(0)
    expect(tensor.data).toEqual(Float32Array.of(1))
  })

  it('refuse what does not fit', () => {
    expect(() => hostTensor('float32', [2, 2], [1, 2, 3])).toThrow('Shape [2,2] holds 4 elements, received 3.')
    expect(() =>
      fromStored({ elementType: 'string', shape: [0], data: { byteLength: 0, bytes: () => new Uint8Array() } }),
    ).toThrow('Networks are not run with string tensors.')
  })
})
