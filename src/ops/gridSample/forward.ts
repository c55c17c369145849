import { elementCount, roundTiesToEven, stridesOf } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { fromIndices, offsetOf } from '../shared/indices.ts'
import type { Doubles } from '../shared/numbers.ts'
import { cubicKernel, type Kernel, linearKernel } from '../shared/resampling.ts'

export interface Sampling {
  readonly mode: 'nearest' | 'bilinear' | 'linear' | 'bicubic' | 'cubic'
  readonly paddingMode: string
  /** Whether −1 and 1 are the centres of the first and last element, or their outer borders. */
  readonly alignCorners: boolean
}

/** A place, and how it moves with what it was made of. */
interface Moving {
  readonly at: number
  readonly slope: number
}

/** x thrown back at `low` and `high` until it lies between them. */
function reflected(x: number, low: number, high: number): Moving {
  const range = high - low
  if (range === 0) return { at: low, slope: 0 }
  const [distance, slope] = x < low ? [low - x, -1] : [x - low, 1]
  const rest = distance % (2 * range)
  return rest <= range ? { at: low + rest, slope } : { at: low + 2 * range - rest, slope: -slope }
}

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x))

/** Places along one axis of `size`: coordinates of the grid, and integer places outside. */
function axisRule(size: number, { mode, paddingMode, alignCorners }: Sampling) {
  const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5]
  return {
    position(coordinate: number): Moving {
      const exact = alignCorners ? ((coordinate + 1) / 2) * (size - 1) : ((coordinate + 1) * size - 1) / 2
      const slope = mode === 'nearest' ? 0 : (alignCorners ? size - 1 : size) / 2
      const at = mode === 'nearest' ? roundTiesToEven(exact) : exact
      if (at >= low && at <= high) return { at, slope }
      // Cubic: the place stays and its taps are moved to the border one by one, as in PyTorch and ONNX Runtime.
      if (paddingMode === 'border' && kernels[mode]?.radius !== 2) return { at: clamp(at, 0, size - 1), slope: 0 }
      if (paddingMode !== 'reflection') return { at, slope }
      const back = reflected(at, low, high)
      return { at: back.at, slope: slope * back.slope }
    },
    /** Which element an integer place reads; undefined: zero. */
    element(place: number): number | undefined {
      if (place >= 0 && place < size) return place
      if (paddingMode === 'border') return clamp(place, 0, size - 1)
      return paddingMode === 'reflection' ? clamp(Math.trunc(reflected(place, low, high).at), 0, size - 1) : undefined
    },
  }
}

/** The taps around a position: places, weights, and how the weights change with the coordinate. */
function tapsAround({ at: position, slope }: Moving, kernel: Kernel | undefined) {
  if (!kernel) return [{ place: Math.trunc(position), weight: 1, slope: 0 }]
  const first = Math.floor(position) - kernel.radius + 1
  return Array.from({ length: 2 * kernel.radius }, (_, i) => ({
    place: first + i,
    weight: kernel.weight(first + i - position),
    slope: -slope * kernel.slope(first + i - position),
  }))
}

const kernels: Readonly<Record<string, Kernel>> = {
  linear: linearKernel,
  bilinear: linearKernel,
  cubic: cubicKernel(-0.75),
  bicubic: cubicKernel(-0.75),
}

/** One element of x that is part of a point: where it lies in its plane, its weight, and the weight's derivatives by the point's coordinates. */
interface Part {
  readonly place: number
  readonly weight: number
  /** By spatial axis. */
  readonly slopes: readonly number[]
}

/** Visits every point of the grid with the elements that it is made of. */
function eachPoint(
  space: readonly number[],
  grid: Dense,
  sampling: Sampling,
  visit: (image: number, point: number, parts: readonly Part[]) => void,
): void {
  const [batch = 0] = grid.shape
  const rank = space.length
  const rules = space.map((size) => axisRule(size, sampling))
  const strides = stridesOf(space)
  const points = elementCount(grid.shape.slice(1, -1))!
  const kernel = kernels[sampling.mode]
  for (let n = 0; n < batch; n++)
    for (let p = 0; p < points; p++) {
      const taps = rules.map((rule, axis) => {
        const coordinate = grid.data[(n * points + p) * rank + (rank - 1 - axis)]!
        return tapsAround(rule.position(coordinate), kernel).map((t) => ({ ...t, at: rule.element(t.place) }))
      })
      const parts: Part[] = []
      // Every combination of one tap per axis.
      fromIndices(
        taps.map((t) => t.length),
        (index) => {
          const chosen = index.map((i, axis) => taps[axis]?.[i] as NonNullable<(typeof taps)[number][number]>)
          if (chosen.some((t) => t.at === undefined)) return 0
          const product = (except: number) =>
            chosen.reduce((result, t, axis) => result * (axis === except ? t.slope : t.weight), 1)
          parts.push({
            place: offsetOf(
              strides,
              chosen.map((t) => t.at!),
            ),
            weight: product(-1),
            slopes: chosen.map((_, axis) => product(axis)),
          })
          return 0
        },
      )
      visit(n, p, parts)
    }
}

/** x [N, C, space…], grid [N, out…, axes], the coordinates of the last spatial axis first. */
export function sample(x: Doubles, grid: Dense, sampling: Sampling): Doubles {
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]]
  const out = grid.shape.slice(1, -1)
  const [size, points] = [elementCount(space)!, elementCount(out)!]
  const data = new Float64Array(batch * channels * points)
  eachPoint(space, grid, sampling, (n, p, parts) => {
    for (let c = 0; c < channels; c++) {
      let sum = 0
      for (const { place, weight } of parts) sum += weight * x.data[(n * channels + c) * size + place]!
      data[(n * channels + c) * points + p] = sum
    }
  })
  return { shape: [batch, channels, ...out], data }
}

/** The gradients of x and of the grid. @param dy [N, C, out…] */
export function sampleBack(dy: Dense, x: Doubles, grid: Dense, sampling: Sampling): [dx: Doubles, dGrid: Doubles] {
  const [, channels, ...space] = x.shape as [number, number, ...number[]]
  const [size, points] = [elementCount(space)!, elementCount(grid.shape.slice(1, -1))!]
  const [dx, dGrid] = [new Float64Array(x.data.length), new Float64Array(grid.data.length)]
  const rank = space.length
  eachPoint(space, grid, sampling, (n, p, parts) => {
    for (let c = 0; c < channels; c++) {
      const gradient = dy.data[(n * channels + c) * points + p]!
      for (const { place, weight, slopes } of parts) {
        const at = (n * channels + c) * size + place
        dx[at] = dx[at]! + weight * gradient
        slopes.forEach((slope, axis) => {
          const to = (n * points + p) * rank + (rank - 1 - axis)
          dGrid[to] = dGrid[to]! + slope * x.data[at]! * gradient
        })
      }
    }
  })
  return [
    { shape: x.shape, data: dx },
    { shape: grid.shape, data: dGrid },
  ]
}
