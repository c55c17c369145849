import { describe, expect, it } from 'vitest'
import { type ElementType, encodeElements } from '../../base/index.ts'
import { analyse, GraphBuilder, tensorOf, validated } from '../../graph/index.ts'
import { operators } from '../index.ts'
import { asElement } from './as-element.ts'

const layer = (opType: string, x: ElementType, w: ElementType, shape: readonly number[], wShape: readonly number[]) => {
  const b = new GraphBuilder('types')
  const count = wShape.reduce((p, d) => p * d, 1)
  const weight = b.constant('w', tensorOf(w, wShape, new Float64Array(count)))
  b.output(b.node(opType, [b.input('x', x, shape), weight], {}, { name: 'layer' }))
  return () => analyse(b.model(), operators)
}

describe('element types', () => {
  it.each([
    ['Conv', [1, 2, 4, 4], [3, 2, 1, 1]],
    ['ConvTranspose', [1, 2, 4, 4], [2, 3, 1, 1]],
  ])('%s takes floating-point numbers', (opType, shape, wShape) => {
    expect(layer(opType, 'float16', 'float16', shape, wShape)).not.toThrow()
    expect(layer(opType, 'int64', 'int64', shape, wShape)).toThrow(
      `${opType} "layer": "x" is int64, where floating-point numbers are needed`,
    )
  })

  it.each(['BitwiseAnd', 'BitwiseXor', 'BitShift'])('%s takes integers', (opType) => {
    const shifted = (type: ElementType) => {
      const b = new GraphBuilder('types', 18)
      const inputs = ['x', 'y'].map((name) => b.input(name, type, [2]))
      b.output(b.node(opType, inputs, opType === 'BitShift' ? { direction: 'LEFT' } : {}, { name: 'layer' }))
      return () => analyse(b.model(), operators)
    }
    expect(shifted('uint8')).not.toThrow()
    expect(shifted('float32')).toThrow(`${opType} "layer": "x" is float32, where whole numbers are needed`)
  })

  it('are one for both operands of a product', () => {
    expect(layer('MatMul', 'int32', 'int32', [2, 3], [3, 4])).not.toThrow()
    expect(layer('MatMul', 'float32', 'float64', [2, 3], [3, 4])).toThrow('"x" is float32 and "w" is float64')
    expect(layer('Conv', 'float32', 'float16', [1, 2, 4, 4], [3, 2, 1, 1])).toThrow('"x" is float32 and "w" is float16')
  })
})

it('an operator set has a positive version', () => {
  const b = new GraphBuilder('opset', 0)
  b.output(b.node('Relu', [b.input('x', 'float32', [1])]))
  expect(() => validated(b.model())).toThrow('version 0 of the operator set "ai.onnx"')
})

describe('integers', () => {
  it('are no NaN', () => {
    for (const type of ['uint8', 'int32', 'int64', 'uint64'] as const)
      expect(() => encodeElements(type, [1, Number.NaN])).toThrow(`Element 1 is NaN, which no ${type} is`)
  })

  it('wrap below 0 where they have no sign', () => {
    // ONNX Runtime: 3 − 5 is 18446744073709551614, which a double holds as 2^64.
    expect(asElement('uint64', 3 - 5)).toBe(2 ** 64)
    expect(asElement('uint32', 3 - 5)).toBe(2 ** 32 - 2)
    expect(asElement('int64', 3 - 5)).toBe(-2)
  })
})
