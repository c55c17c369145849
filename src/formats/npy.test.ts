import { describe, expect, it } from 'vitest'
import { type NpyArray, npyBytes, readNpy } from './npy.ts'

/** A file as NumPy writes it: `header` padded to 64 bytes with spaces, then a newline. */
function npy(header: string, content: ArrayBuffer, version = 1): Uint8Array {
  const before = version === 1 ? 10 : 12
  const length = Math.ceil((before + header.length + 1) / 64) * 64 - before
  const bytes = new Uint8Array(before + length + content.byteLength)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0])
  new DataView(bytes.buffer).setUint16(8, length, true)
  bytes.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), before)
  bytes.set(new Uint8Array(content), before + length)
  return bytes
}

describe('readNpy', () => {
  it('reads what numpy.save wrote', () => {
    // python3 -c "import numpy, sys; numpy.save(sys.stdout.buffer, numpy.array([[1, 2.5]], '<f4'))" | base64
    const file =
      'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAgQA=='
    const tensor = readNpy(Uint8Array.from(Buffer.from(file, 'base64')), 'x.npy')
    expect(tensor).toEqual({ elementType: 'float32', shape: [1, 2], data: Float32Array.of(1, 2.5) })
    // As readFileSync gives it: a Buffer, in memory that others share.
    expect(readNpy(Buffer.from(file, 'base64'), 'x.npy')).toEqual(tensor)
  })

  it.each([1, 2, 3])('reads version %i', (version) => {
    const bytes = npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", Int32Array.of(-1, 7).buffer, version)
    expect(readNpy(bytes, 'x.npy')).toEqual({ elementType: 'int32', shape: [2], data: Int32Array.of(-1, 7) })
  })

  it('transposes Fortran order', () => {
    // The matrix 1 2 3 / 4 5 6, by columns.
    const header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }"
    const { shape, data } = readNpy(npy(header, Uint8Array.of(1, 4, 2, 5, 3, 6).buffer), 'x.npy')
    expect([shape, [...data]]).toEqual([
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ])
    // Element [i, j, k] of shape [2, 3, 2] is 100 i + 10 j + k; the first index runs fastest.
    const cube = [0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121]
    const cubeHeader = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 2), }"
    expect([...readNpy(npy(cubeHeader, Int16Array.from(cube).buffer), 'x').data]).toEqual([
      0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121,
    ])
  })

  it('reads big-endian numbers, and single values', () => {
    const content = new ArrayBuffer(8)
    new DataView(content).setFloat64(0, 0.1, false)
    const tensor = readNpy(npy("{'descr': '>f8', 'fortran_order': False, 'shape': (), }", content), 'x.npy')
    expect(tensor).toEqual({ elementType: 'float64', shape: [], data: Float64Array.of(0.1) })
  })

  it('refuses what is no array of numbers, and says why', () => {
    const at = (bytes: Uint8Array) => () => readNpy(bytes, 'x.npy')
    const whole = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new ArrayBuffer(8))
    expect(at(new Uint8Array(3))).toThrow('x.npy is no whole .npy file: it does not begin as one. Write it with')
    expect(at(whole.subarray(0, 20))).toThrow('it ends within its header')
    expect(at(whole.subarray(0, whole.length - 1))).toThrow('shape [2] of f4 takes 8 bytes, it has 7')
    expect(at(npy('{}', new ArrayBuffer(0)))).toThrow('its header is')
    const axes = (count: number) =>
      at(npy(`{'descr': '|u1', 'fortran_order': True, 'shape': (${'1, '.repeat(count)}), }`, new ArrayBuffer(1)))
    expect(axes(64)).not.toThrow()
    expect(axes(65)).toThrow('it has 65 axes, where NumPy has at most 64')
    const future = whole.slice()
    future[6] = 9
    expect(at(future)).toThrow('version 9 is not known')
    for (const descr of ["'<U3'", "[('a', '<f4')]", "'<c8'", "'|O'"])
      expect(at(npy(`{'descr': ${descr}, 'fortran_order': False, 'shape': (0,), }`, new ArrayBuffer(0)))).toThrow(
        /arrays of .* are not read/,
      )
  })
})

describe('npyBytes', () => {
  const tensors: NpyArray[] = [
    { elementType: 'float32', shape: [2, 1, 2], data: Float32Array.of(1, -0, Number.NaN, 3.5) },
    { elementType: 'float64', shape: [1], data: Float64Array.of(1e300) },
    { elementType: 'float16', shape: [1], data: Uint16Array.of(0x3c00) },
    { elementType: 'int8', shape: [2], data: Int8Array.of(-128, 127) },
    { elementType: 'int64', shape: [], data: BigInt64Array.of(-(2n ** 63n)) },
    { elementType: 'uint64', shape: [1, 1], data: BigUint64Array.of(2n ** 64n - 1n) },
    { elementType: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
    { elementType: 'float32', shape: [0, 4], data: new Float32Array(0) },
  ]
  it.each(tensors)('comes back: $elementType $shape', (tensor) => {
    const bytes = npyBytes(tensor)
    expect(readNpy(bytes, 'x.npy')).toEqual(tensor)
    // The elements begin at a multiple of 64, as the format asks.
    expect((bytes.length - tensor.data.byteLength) % 64).toBe(0)
  })

  it('writes only what belongs to a view', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3)
    expect(readNpy(npyBytes({ elementType: 'float32', shape: [2], data }), 'x').data).toEqual(Float32Array.of(2, 3))
  })

  it('writes the header that NumPy writes', () => {
    const text = new TextDecoder('latin1').decode(
      npyBytes({ elementType: 'int32', shape: [3], data: new Int32Array(3) }),
    )
    expect(text.slice(10, 128)).toBe(`${"{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }".padEnd(117)}\n`)
  })

  it('has no name for types that NumPy lacks', () => {
    expect(() => npyBytes({ elementType: 'bfloat16', shape: [0], data: new Uint16Array(0) })).toThrow(
      'NumPy has no bfloat16. Write JSON instead',
    )
  })
})
