import { describe, expect, it } from 'vitest'
import { float, tensorOf } from '../../graph/index.ts'
import { floatsOf, oneNode, onesOf, scalarOf } from '../../testing/one-node.ts'

const x = floatsOf(-2, 0, 3)

/** y(−2), y(0), y(3), from a pocket calculator: e⁻² = 0.1353352832, e⁻³ = 0.0497870684. */
const cases: [string, Record<string, number>, [number, number, number]][] = [
  ['Relu', {}, [0, 0, 3]],
  ['LeakyRelu', {}, [-0.02, 0, 3]],
  ['LeakyRelu', { alpha: 0.25 }, [-0.5, 0, 3]],
  ['Elu', { alpha: 0.5 }, [-0.4323323584, 0, 3]],
  ['Selu', {}, [-1.5201664686, 0, 3.1521030664]],
  ['Celu', { alpha: 2.5 }, [-1.3766775897, 0, 3]],
  ['ThresholdedRelu', { alpha: 2.5 }, [0, 0, 3]],
  ['Softplus', {}, [0.126928011, Math.LN2, 3.0485873516]],
  ['Softsign', {}, [-0.6666666667, 0, 0.75]],
  ['Sigmoid', {}, [0.119202922, 0.5, 0.9525741268]],
  ['Swish', {}, [-0.238405844, 0, 2.8577223804]],
  ['HardSigmoid', {}, [0.1, 0.5, 1]],
  ['HardSwish', {}, [-0.3333333333, 0, 3]],
  ['Tanh', {}, [-0.9640275801, 0, 0.9950547537]],
  ['Erf', {}, [-0.995322265, 0, 0.9999779095]],
  ['Gelu', {}, [-0.0455002639, 0, 2.9959503059]],
  ['Mish', {}, [-0.2525014827, 0, 2.986535005]],
]

describe('activations', () => {
  it.each(cases)('%s %j', (opType, attributes, expected) => {
    const floats = Object.fromEntries(Object.entries(attributes).map(([k, v]) => [k, float(v)]))
    const { outputs, operator } = oneNode(opType, [x], floats, { opset: 24 })
    expect(outputs[0]?.shape).toEqual([3])
    expected.forEach((y, i) => {
      expect(outputs[0]?.value?.data[i]).toBeCloseTo(y, 7)
    })
    expect(operator.fusion).toBe('follower')
  })

  it('do not overflow', () => {
    for (const opType of ['Softplus', 'Sigmoid', 'Swish', 'Mish', 'Gelu']) {
      const { outputs } = oneNode(opType, [floatsOf(-1000, 1000)], {}, { opset: 24 })
      expect(Array.from(outputs[0]?.value?.data ?? [], Math.abs), opType).toEqual(
        opType === 'Sigmoid' ? [0, 1] : [0, 1000],
      )
    }
  })

  it('approximate Gelu by tanh when asked to', () => {
    const { outputs, cost } = oneNode('Gelu', [x], { approximate: 'tanh' }, { opset: 20 })
    expect(outputs[0]?.value?.data[0]).toBeCloseTo(-0.0454023059, 7)
    expect(cost).toEqual({ adds: 6, muls: 18, others: 3 })
  })

  it('count their operations per element', () => {
    const cost = (opType: string) => oneNode(opType, [[2, 3]], {}, { opset: 24 }).cost
    expect(cost('Relu')).toEqual({ others: 6 })
    expect(cost('HardSwish')).toEqual({ adds: 6, muls: 12, others: 12 })
    expect(cost('Sigmoid')).toEqual({ adds: 6, others: 12 })
    expect(cost('Swish')).toEqual({ adds: 6, muls: 6, others: 12 })
    expect(oneNode('Swish', [[2, 3]], { alpha: float(2) }, { opset: 24 }).cost.muls).toBe(12)
  })
})

describe('Clip', () => {
  it('takes its bounds from attributes before opset 11', () => {
    const { outputs, cost } = oneNode('Clip', [x], { min: float(-1), max: float(2) }, { opset: 6 })
    expect(Array.from(outputs[0]?.value?.data ?? [])).toEqual([-1, 0, 2])
    expect(cost).toEqual({ others: 6 })
  })

  it('takes them from inputs afterwards, each optional', () => {
    const { outputs, cost } = oneNode('Clip', [x, undefined, scalarOf(2)])
    expect(Array.from(outputs[0]?.value?.data ?? [])).toEqual([-2, 0, 2])
    expect(cost).toEqual({ others: 3 })
  })

  it('refuses a bound that is not a scalar', () => {
    expect(() => oneNode('Clip', [[2, 3], floatsOf(0, 1, 2)])).toThrow('Clip "it": min [3] is not a scalar')
  })
})

describe('PRelu', () => {
  it('has a slope per channel', () => {
    const slope = tensorOf('float32', [2, 1], [0.5, 2])
    const { outputs } = oneNode('PRelu', [tensorOf('float32', [1, 2, 2], [-1, 1, -1, 1]), slope])
    expect(Array.from(outputs[0]?.value?.data ?? [])).toEqual([-0.5, 1, -2, 1])
    expect(oneNode('PRelu', [[1, 2, 3, 3], onesOf(2, 1, 1)]).cost).toEqual({ muls: 18, others: 18 })
  })

  it('refuses a slope that would enlarge the input', () => {
    expect(() => oneNode('PRelu', [[1, 2, 3, 3], onesOf(4, 1, 1)])).toThrow(
      'the slope cannot be broadcast to the input',
    )
    expect(() => oneNode('PRelu', [[2, 3], onesOf(5, 2, 3)])).toThrow('the slope cannot be broadcast to the input')
  })
})

describe('Dropout', () => {
  it('is free, and its mask is boolean from opset 10 on', () => {
    const after = oneNode('Dropout', [[2, 3], scalarOf(0.5)], {}, { opset: 13, outputs: 2 })
    expect(after.shapes).toEqual([
      [2, 3],
      [2, 3],
    ])
    expect(after.outputs[1]?.elementType).toBe('bool')
    expect(after.operator.cost).toBe('none')
    expect(oneNode('Dropout', [[2, 3]], { ratio: float(0.5) }, { opset: 7, outputs: 2 }).outputs[1]?.elementType).toBe(
      'float32',
    )
  })
})
