import { expect, it } from 'vitest'
import { type Tensor, tensorOf } from '../graph/index.ts'
import { nonZeroElements } from './parameters.ts'

it('counts a repeated value without reading what it fills, also where several elements are in a byte', () => {
  const repeated = (elementType: 'int4' | 'float32', repeats: Uint8Array): Tensor => {
    const bytes = () => {
      throw new Error('read')
    }
    return { elementType, shape: [2 ** 40], data: { byteLength: 2 ** 39, repeats, bytes } }
  }
  expect(nonZeroElements(repeated('int4', Uint8Array.of(0x11)))).toBe(2 ** 40)
  expect(nonZeroElements(repeated('int4', Uint8Array.of(0)))).toBe(0)
  // -0 is no other number.
  expect(nonZeroElements(repeated('float32', Uint8Array.of(0, 0, 0, 128)))).toBe(0)
  expect(nonZeroElements(tensorOf('int4', [5], [1, 0, -1, 0, 2]))).toBe(3)
})
