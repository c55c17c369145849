import type { Dim } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { axisOf, contentOf, placeOf } from '../shared/check.ts'

export interface GatherAttributes {
  readonly axis: number
}

export function gatherAxis(call: Call<GatherAttributes>): number {
  return axisOf(call, call.attributes.axis, call.inputs[0]?.shape?.length ?? 0)
}

/** The indices, counted from 0; undefined when they depend on data. */
export function indicesOf(call: Call<GatherAttributes>, size: Dim | undefined): number[] | undefined {
  if (typeof size !== 'number') return undefined
  return contentOf(call, 1)?.map((i) => placeOf(call, i, size))
}
