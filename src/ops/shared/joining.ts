import { askMemory, elementCount } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { dense } from './check.ts'
import { linesAlong } from './indices.ts'

/** Tensors behind one another along an axis, in which alone they may differ; at least one. */
export function joined(parts: readonly [Dense, ...Dense[]] | readonly Dense[], axis: number): Dense {
  const first = parts[0] as Dense
  const shape = first.shape.with(
    axis,
    parts.reduce((sum, p) => sum + p.shape[axis]!, 0),
  )
  const { outer, inner } = linesAlong(shape, axis)
  const runs = parts.map((p) => p.shape[axis]! * inner)
  const count = elementCount(shape)!
  askMemory(8 * count, `What is put together, ${count} numbers,`)
  const out = new Float64Array(count)
  let at = 0
  for (let o = 0; o < outer; o++)
    parts.forEach((p, n) => {
      const run = runs[n]!
      for (let i = 0; i < run; i++) out[at++] = p.data[o * run + i]!
    })
  return dense(first.elementType, shape, out)
}

/** The parts of these sizes along an axis. */
export function parted(x: Dense, axis: number, sizes: readonly number[]): Dense[] {
  const { outer, size, inner } = linesAlong(x.shape, axis)
  let start = 0
  return sizes.map((part) => {
    const run = part * inner
    const out = new Float64Array(outer * run)
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < run; i++) out[o * run + i] = x.data[(o * size + start) * inner + i]!
    start += part
    return dense(x.elementType, x.shape.with(axis, part), out)
  })
}
