import { elementCount, largest } from '../../../../base/index.ts'
import { tableEntryBytes } from '../engine/kernels.generated.ts'
import { lowerGather, type Pixels } from './layout.ts'
import { type Allocator, type Step, step } from './step.ts'

/** What one output along an axis is made of: weighted input elements. */
export type Taps = readonly { readonly index: number; readonly weight: number }[]

/** The taps of every output along the axes that are resized, by axis in the order of memory. */
export type ResizeTables = ReadonlyMap<number, readonly Taps[]>

/** Taps of weight 0 left out, those of one element joined; at least one stays. */
function simplified(taps: Taps): Taps {
  const weights = new Map<number, number>()
  for (const { index, weight } of taps) if (weight !== 0) weights.set(index, (weights.get(index) ?? 0) + weight)
  const out = [...weights].map(([index, weight]) => ({ index, weight }))
  return out.length > 0 ? out : taps.slice(0, 1)
}

/** Nearest neighbours. */
const copies = (all: readonly Taps[]) => all.every((t) => t.length === 1 && t[0]?.weight === 1)

/** Two points. */
const linear = (all: readonly Taps[]) =>
  all.every((t) => t.length <= 2 && Math.abs(t.reduce((s, { weight }) => s + weight, 0) - 1) < 1e-6)

/** Which of the ways of `lowerResize` is taken. */
function wayOf(tables: ResizeTables): 'gather' | 'bilinear' | 'axes' {
  const all = [...tables.values()]
  if (all.every(copies)) return 'gather'
  const [h, w] = [...tables.keys()].sort((a, b) => a - b) as [number, number]
  return tables.size === 2 && w === h + 1 && all.every(linear) ? 'bilinear' : 'axes'
}

const allSimplified = (given: ResizeTables) => new Map([...given].map(([axis, all]) => [axis, all.map(simplified)]))

/** Whether it is one step over height and width of [batch, height, width, channels], so that pixels may lie apart. */
export function resizesPixels(given: ResizeTables): boolean {
  const axes = [...given.keys()].sort((a, b) => a - b)
  return axes.join() === '1,2' && wayOf(allSimplified(given)) !== 'axes'
}

/**
 * Resizes x (contiguous, `shape` in the order of memory) into y: nearest neighbours as a gather, two points along each of two
 * neighbouring axes in one step, everything else axis by axis through scratch memory.
 * @param pixels where `resizesPixels`: elements from one pixel to the next
 */
export function lowerResize(
  x: number,
  y: number,
  shape: readonly number[],
  given: ResizeTables,
  alloc: Allocator,
  pixels?: Pixels,
): Step[] {
  const tables = allSimplified(given)
  const axes = [...tables.keys()].sort((a, b) => a - b)
  const way = wayOf(tables)
  if (way === 'gather') {
    const indices = new Map([...tables].map(([axis, all]) => [axis, all.map((t) => t[0]?.index as number)]))
    return lowerGather(x, y, shape, indices, alloc, pixels)
  }
  const [h, w] = axes as [number, number]
  if (way === 'bilinear') return [bilinear(x, y, shape, h, tables.get(h)!, tables.get(w)!, alloc, pixels)]
  const sizes = [...shape]
  let from = x
  return axes.map((axis, i) => {
    const all = tables.get(axis)!
    const outer = elementCount(sizes.slice(0, axis))!
    const inSize = sizes[axis]!
    const inner = elementCount(sizes.slice(axis + 1))!
    sizes[axis] = all.length
    const to = i === axes.length - 1 ? y : alloc.scratch(4 * elementCount(sizes)!)
    const step = resample(from, to, [outer, inSize, inner], all, alloc)
    from = to
    return step
  })
}

/** Any linear map along one axis, given by taps of any number and weight; none: zeros. @param shape of x, in the order of memory */
export function lowerTaps(
  x: number,
  y: number,
  shape: readonly number[],
  axis: number,
  taps: readonly Taps[],
  alloc: Allocator,
): Step[] {
  if (taps.length === 0) return []
  const sizes = [shape.slice(0, axis), shape.slice(axis, axis + 1), shape.slice(axis + 1)].map(elementCount)
  return [resample(x, y, sizes as [number, number, number], taps, alloc)]
}

function bilinear(
  x: number,
  y: number,
  shape: readonly number[],
  h: number,
  rows: readonly Taps[],
  columns: readonly Taps[],
  alloc: Allocator,
  pixels?: Pixels,
): Step {
  const channels = elementCount(shape.slice(h + 2))!
  const table = (all: readonly Taps[]) => {
    const at = alloc.alloc(tableEntryBytes * all.length)
    const { ints, floats } = views(alloc, at, 3 * all.length)
    all.forEach((taps, i) => {
      ints[3 * i] = taps[0]?.index as number
      ints[3 * i + 1] = taps[1]?.index ?? (taps[0]?.index as number)
      floats[3 * i + 2] = taps[1]?.weight ?? 0
    })
    return at
  }
  return step('resizeLinearF32', {
    x,
    y,
    batch: elementCount(shape.slice(0, h))!,
    inH: shape[h]!,
    inW: shape[h + 1]!,
    channels,
    ...(pixels ?? { xPixel: channels, yPixel: channels }),
    outH: rows.length,
    outW: columns.length,
    tableH: table(rows),
    tableW: table(columns),
  })
}

const views = (alloc: Allocator, at: number, count: number) => ({
  ints: new Int32Array(alloc.memory.buffer, at, count),
  floats: new Float32Array(alloc.memory.buffer, at, count),
})

function resample(
  x: number,
  y: number,
  [outer, inSize, inner]: readonly [number, number, number],
  all: readonly Taps[],
  alloc: Allocator,
): Step {
  const taps = largest(all.map((t) => t.length))
  const indices = alloc.alloc(4 * taps * all.length)
  const weights = alloc.alloc(4 * taps * all.length)
  const { ints } = views(alloc, indices, taps * all.length)
  const { floats } = views(alloc, weights, taps * all.length)
  all.forEach((own, j) => {
    for (let t = 0; t < taps; t++) {
      // Short lists are filled up with an element that is there, at weight 0.
      ints[j * taps + t] = own[t]?.index ?? own[0]?.index ?? 0
      floats[j * taps + t] = own[t]?.weight ?? 0
    }
  })
  return step('resampleF32', { x, y, outer, inSize, outSize: all.length, inner, taps, indices, weights })
}
