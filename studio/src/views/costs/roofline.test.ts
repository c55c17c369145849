import { profileModel } from 'kerf'
import { buildNet } from 'kerf/nets'
import { describe, expect, it } from 'vitest'
import { countModel } from '../../engine/count.ts'
import { logAxis, rooflinePoints } from './roofline.ts'

const model = buildNet('mobilenet_v2')
const limits = { threads: 1, macsPerSecond: 20e9, bytesPerSecond: 5e9 }

describe('rooflinePoints', () => {
  const { layers } = countModel(model, 'm').network
  const profile = profileModel(model)

  it('has a point for every layer with MACs, below both limits', () => {
    const points = rooflinePoints(layers, limits, undefined)
    expect(points.map((p) => p.row)).toEqual(profile.layers.flatMap((l, row) => (l.macs ? [row] : [])))
    for (const { row, intensity, bound, isMemoryBound, boundMs } of points) {
      const { macs, bytesRead, bytesWritten } = profile.layers[row]!
      expect(intensity).toBeCloseTo(macs! / (bytesRead! + bytesWritten!), 12)
      expect(bound / Math.min(limits.macsPerSecond, intensity * limits.bytesPerSecond)).toBeCloseTo(1, 9)
      expect(isMemoryBound).toBe(intensity < 4)
      expect((boundMs * bound) / 1000 / macs!).toBeCloseTo(1, 9)
    }
    expect(points.some((p) => p.isMemoryBound)).toBe(true)
    expect(points.some((p) => !p.isMemoryBound)).toBe(true)
  })

  it('has measured times at their rows', () => {
    const measured = new Float64Array(layers.names.length).fill(Number.NaN)
    const [first] = rooflinePoints(layers, limits, undefined)
    measured[first!.row] = 2.5
    expect(rooflinePoints(layers, limits, measured).map((p) => p.timeMs)[0]).toBe(2.5)
  })
})

describe('logAxis', () => {
  it('holds its values between powers of ten', () => {
    const axis = logAxis([0.02, 7, Number.NaN])
    expect([axis.low, axis.high]).toEqual([0.01, 10])
    expect(axis.ticks.map((t) => Math.log10(t))).toEqual([-2, -1, 0, 1])
    expect(axis.place(0.01)).toBe(0)
    expect(axis.place(10)).toBe(1)
  })

  it('is there without values', () => {
    expect(logAxis([]).ticks).toHaveLength(3)
  })
})
