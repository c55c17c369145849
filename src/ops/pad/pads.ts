import type { Call } from '../../graph/index.ts'
import { axisOf, contentOf, wrong } from '../shared/check.ts'
import { setting } from '../shared/settings.ts'

export interface PadAttributes {
  readonly mode: string
  readonly pads: readonly number[] | undefined
  readonly value: number
}

export interface AxisPad {
  readonly begin: number
  readonly end: number
}

/** Which axes `pads` speak of, in its order; undefined when that depends on data. */
export function paddedAxes(call: Call<PadAttributes>, rank: number): number[] | undefined {
  if (!call.inputs[3]) return Array.from({ length: rank }, (_, axis) => axis)
  return contentOf(call, 3)?.map((a) => axisOf(call, a, rank))
}

/** Padding of every axis; undefined when it depends on data. */
export function padsOf(call: Call<PadAttributes>, rank: number): AxisPad[] | undefined {
  const pads = setting(call, call.attributes.pads, 1)
  const axes = paddedAxes(call, rank)
  if (!pads.given) throw wrong(call, 'pads are missing')
  if (!pads.values || !axes) return undefined
  if (pads.values.length !== 2 * axes.length)
    throw wrong(call, `pads [${pads.values}] should have ${2 * axes.length} entries`)
  const out = Array.from({ length: rank }, () => ({ begin: 0, end: 0 }))
  axes.forEach((axis, i) => {
    out[axis] = { begin: pads.values?.[i] as number, end: pads.values?.[axes.length + i] as number }
  })
  return out
}

/** The value put in, for mode `constant`; undefined when it depends on data. */
export function padValue(call: Call<PadAttributes>): number | undefined {
  return call.inputs[2] ? contentOf(call, 2)?.[0] : call.attributes.value
}

/** Where along an axis of `size` the element at position i (negative: before) comes from; undefined: the padding value. */
export function padSource(mode: string, i: number, size: number): number | undefined {
  if (i >= 0 && i < size) return i
  if (mode === 'edge') return i < 0 ? 0 : size - 1
  if (mode === 'wrap') return ((i % size) + size) % size
  if (mode === 'reflect') {
    const period = Math.max(1, 2 * (size - 1))
    const at = ((i % period) + period) % period
    return at < size ? at : period - at
  }
  return undefined
}
