import { type BackwardCall, floats } from '../../graph/index.ts'
import type { Tap } from '../shared/resampling.ts'

const isIdentity = (taps: readonly (readonly Tap[])[], size: number): boolean =>
  taps.length === size && taps.every((list, i) => list.length === 1 && list[0]?.index === i && list[0].weight === 1)

/** The map along an axis the other way: `taps` make each new element from `size` old ones, the result each old one from the new ones. */
function transposed(taps: readonly (readonly Tap[])[], size: number): Tap[][] {
  const back = Array.from({ length: size }, (): Tap[] => [])
  taps.forEach((list, to) => {
    for (const { index, weight } of list) back[index]?.push({ index: to, weight })
  })
  return back
}

/** The value mapped along an axis of `size` by the taps, as one node; the value itself where they change nothing. */
export function mapAxis(
  { emit }: BackwardCall,
  value: string,
  axis: number,
  size: number,
  taps: readonly (readonly Tap[])[],
): string {
  if (isIdentity(taps, size)) return value
  const all = taps.flat()
  const starts = [0]
  for (const list of taps) starts.push(starts.at(-1)! + list.length)
  const weights = all.map(({ weight }) => weight)
  return emit.node(
    'Resample',
    [value],
    {
      axis,
      starts,
      indices: all.map(({ index }) => index),
      ...(weights.some((w) => w !== 1) && { weights: floats(weights) }),
    },
    'ai.kerf',
  )
}

/** The gradient of a value of `size` along an axis that was mapped by the taps. */
export function mapAxisBack(
  call: BackwardCall,
  gradient: string,
  axis: number,
  size: number,
  taps: readonly (readonly Tap[])[],
): string {
  return mapAxis(call, gradient, axis, taps.length, transposed(taps, size))
}
