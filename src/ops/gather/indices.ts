import type { Dim } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { axisOf, contentOf, wrong } from '../shared/check.ts'

export interface GatherAttributes {
  readonly axis: number
}

export function gatherAxis(call: Call<GatherAttributes>): number {
  return axisOf(call, call.attributes.axis, call.inputs[0]?.shape?.length ?? 0)
}

/** The indices, counted from 0; undefined when they depend on data. */
export function indicesOf(call: Call<GatherAttributes>, size: Dim | undefined): number[] | undefined {
  if (typeof size !== 'number') return undefined
  return contentOf(call, 1)?.map((i) => {
    if (i < -size || i >= size) throw wrong(call, `index ${i} is out of range for ${size} elements`)
    return i < 0 ? i + size : i
  })
}
