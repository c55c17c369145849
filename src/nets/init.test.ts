import { describe, expect, it } from 'vitest'
import { tensorValues } from '../graph/index.ts'
import { nets } from './index.ts'

const values = (name: string, options: Parameters<typeof nets.resnet18>[0] = {}) => {
  const tensor = nets.resnet18(options).graph.initializers.get(name)
  if (!tensor) throw new Error(`no ${name}`)
  return tensorValues(tensor)
}

function statistics(data: Float64Array): { mean: number; deviation: number } {
  const mean = data.reduce((a, b) => a + b, 0) / data.length
  return { mean, deviation: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length) }
}

describe('weights', () => {
  it('are the same for the same seed, whenever and in whatever order they are read', () => {
    const { initializers } = nets.resnet18({ seed: 3 }).graph
    const read = (name: string) => initializers.get(name)?.data.bytes() ?? new Uint8Array()
    const first = read('layer1.0.conv1.weight')
    read('conv1.weight')
    expect(Buffer.compare(read('layer1.0.conv1.weight'), first)).toBe(0)
    expect(values('layer1.0.conv1.weight', { seed: 3 })).toEqual(values('layer1.0.conv1.weight', { seed: 3, batch: 2 }))
  })

  it('differ with the seed and from tensor to tensor', () => {
    const first = values('layer1.0.conv1.weight')
    expect(values('layer1.0.conv1.weight', { seed: 1 })).not.toEqual(first)
    expect(values('layer1.0.conv2.weight')).not.toEqual(first)
  })

  it("have He's deviation √(2/(k²·C_in))", () => {
    const { mean, deviation } = statistics(values('layer3.0.conv2.weight'))
    expect(mean).toBeCloseTo(0, 3)
    // 589,824 numbers: the deviation's own standard error is 0.1 %.
    expect(deviation / Math.sqrt(2 / (9 * 256))).toBeCloseTo(1, 2)
  })

  it('of BatchNormalization lie close to γ = 1, β = 0, mean 0, variance 1; γ is smaller where a residual branch ends', () => {
    const names = ['weight', 'bias', 'running_mean', 'running_var']
    const means = (bn: string) => names.map((key) => statistics(values(`${bn}.${key}`)).mean)
    for (const [i, expected] of [1, 0, 0, 1].entries()) expect(means('layer4.0.bn1')[i]).toBeCloseTo(expected, 1)
    expect(means('layer4.0.bn2')[0]).toBeCloseTo(0.25, 1)
    expect(Math.min(...values('layer4.0.bn1.running_var'))).toBeGreaterThan(0)
    expect(statistics(values('layer4.0.bn1.weight')).deviation).toBeGreaterThan(0.05)
  })

  it('follow the given distributions', () => {
    const initialization = { gammaDeviation: 0, weightGain: 0.5 }
    expect(new Set(values('bn1.weight', { initialization }))).toEqual(new Set([1]))
    const half = statistics(values('fc.weight', { initialization })).deviation
    expect(half / statistics(values('fc.weight')).deviation).toBeCloseTo(0.5, 6)
  })
})
