import { elementCount, stridesOf } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { fromIndices, offsetOf } from '../indices.ts'
import type { Doubles } from '../numbers.ts'
import { roundTiesToEven } from '../quantised-forward.ts'
import { cubicKernel, type Kernel, linearKernel } from '../resampling.ts'

export interface Sampling {
  readonly mode: string
  readonly paddingMode: string
  /** Whether −1 and 1 are the centres of the first and last element, or their outer borders. */
  readonly alignCorners: boolean
}

/** x thrown back at `low` and `high` until it lies between them. */
function reflected(x: number, low: number, high: number): number {
  const range = high - low
  if (range === 0) return low
  const distance = x < low ? low - x : x - low
  const rest = distance % (2 * range)
  return low + (rest <= range ? rest : 2 * range - rest)
}

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x))

/** Places along one axis of `size`: coordinates of the grid, and integer places outside. */
function axisRule(size: number, { mode, paddingMode, alignCorners }: Sampling) {
  const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5]
  return {
    position(coordinate: number): number {
      const exact = alignCorners ? ((coordinate + 1) / 2) * (size - 1) : ((coordinate + 1) * size - 1) / 2
      const at = mode === 'nearest' ? roundTiesToEven(exact) : exact
      if (at >= low && at <= high) return at
      if (paddingMode === 'border') return clamp(at, 0, size - 1)
      return paddingMode === 'reflection' ? reflected(at, low, high) : at
    },
    /** Which element an integer place reads; undefined: zero. */
    element(place: number): number | undefined {
      if (place >= 0 && place < size) return place
      if (paddingMode === 'border') return clamp(place, 0, size - 1)
      return paddingMode === 'reflection' ? clamp(Math.trunc(reflected(place, low, high)), 0, size - 1) : undefined
    },
  }
}

/** The taps around a position: places and weights. */
function tapsAround(position: number, kernel: Kernel | undefined): { place: number; weight: number }[] {
  if (!kernel) return [{ place: Math.trunc(position), weight: 1 }]
  const first = Math.floor(position) - kernel.radius + 1
  return Array.from({ length: 2 * kernel.radius }, (_, i) => ({
    place: first + i,
    weight: kernel.weight(first + i - position),
  }))
}

const kernels: Readonly<Record<string, Kernel>> = {
  linear: linearKernel,
  bilinear: linearKernel,
  cubic: cubicKernel(-0.75),
  bicubic: cubicKernel(-0.75),
}

/** x [N, C, space…], grid [N, out…, axes], the coordinates of the last spatial axis first. */
export function sample(x: Doubles, grid: Dense, sampling: Sampling): Doubles {
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]]
  const out = grid.shape.slice(1, -1)
  const rank = space.length
  const rules = space.map((size) => axisRule(size, sampling))
  const strides = stridesOf(space)
  const [size, points] = [elementCount(space) as number, elementCount(out) as number]
  const kernel = kernels[sampling.mode]
  const data = new Float64Array(batch * channels * points)
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < points; p++) {
      const taps = rules.map((rule, axis) => {
        const coordinate = grid.data[(n * points + p) * rank + (rank - 1 - axis)] as number
        return tapsAround(rule.position(coordinate), kernel).map(({ place, weight }) => ({
          at: rule.element(place),
          weight,
        }))
      })
      // Every combination of one tap per axis.
      const counts = taps.map((t) => t.length)
      fromIndices(counts, (index) => {
        const chosen = index.map((i, axis) => taps[axis]?.[i])
        if (chosen.some((t) => t?.at === undefined)) return 0
        const weight = chosen.reduce((product, t) => product * (t?.weight as number), 1)
        const place = offsetOf(
          strides,
          chosen.map((t) => t?.at as number),
        )
        for (let c = 0; c < channels; c++) {
          const to = (n * channels + c) * points + p
          data[to] = (data[to] as number) + weight * (x.data[(n * channels + c) * size + place] as number)
        }
        return 0
      })
    }
  return { shape: [batch, channels, ...out], data }
}
