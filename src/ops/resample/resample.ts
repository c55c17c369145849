import { elementCount } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { defineOperator, type ReferenceOf } from '../operator.ts'
import { axisOf, required, typed, wrong } from '../shared/check.ts'
import { arithmetic, doubles } from '../shared/numbers.ts'
import { resampled, type Tap } from '../shared/resampling.ts'

/*
 * Y[…, i, …] = Σ_t weights[t] · X[…, indices[t], …] for t from starts[i] to starts[i + 1], along one axis
 *
 * Any linear map along an axis, given by its few entries that are not 0: the gradient of interpolation, of padding that repeats what is there, and of
 * taking elements at known places. Attributes axis, starts (one more than Y has elements there), indices, and weights, all 1 by
 * default. In training graphs only.
 */

export interface ResampleAttributes {
  readonly axis: number
  readonly starts: readonly number[]
  readonly indices: readonly number[]
  readonly weights: readonly number[] | undefined
}

export const resampleAxis = (call: Call<ResampleAttributes>): number =>
  axisOf(call, call.attributes.axis, required(call, 0).shape?.length ?? 0)

/** For every element of Y along the axis, which elements of X it is made of. */
export function tapsOf({ starts, indices, weights }: ResampleAttributes): Tap[][] {
  return starts
    .slice(1)
    .map((end, i) =>
      indices.slice(starts[i], end).map((index, n) => ({ index, weight: weights?.[starts[i]! + n] ?? 1 })),
    )
}

function check(call: Call<ResampleAttributes>): void {
  const { starts, indices, weights } = call.attributes
  const size = required(call, 0).shape?.[resampleAxis(call)]
  if (starts[0] !== 0 || starts.at(-1) !== indices.length || starts.some((s, i) => s > (starts[i + 1] ?? s)))
    throw wrong(call, `its starts do not divide ${indices.length} indices`)
  if (weights && weights.length !== indices.length)
    throw wrong(call, `${weights.length} weights for ${indices.length} indices`)
  const outside = indices.find((i) => i < 0 || (typeof size === 'number' && i >= size))
  if (outside !== undefined) throw wrong(call, `index ${outside} is out of range for ${size} elements`)
}

/** Cost: one multiplication and one addition per entry of the map, for each index of the other axes. */
export const resample = defineOperator({
  name: 'Resample',
  domain: 'ai.kerf',
  inputs: ['X: floating'],
  attributes: (a): ResampleAttributes => ({
    axis: a.int('axis', -1),
    starts: a.ints('starts', []),
    indices: a.ints('indices', []),
    weights: a.floats('weights'),
  }),
  infer: (call) => {
    const { shape } = required(call, 0)
    const type = required(call, 0).elementType
    if (!shape) return [typed(type, undefined)]
    check(call)
    return [typed(type, shape.with(resampleAxis(call), call.attributes.starts.length - 1))]
  },
  cost: (call) => {
    const others = call.outputs[0]?.shape?.toSpliced(resampleAxis(call), 1) as readonly number[]
    const terms = elementCount(others)! * call.attributes.indices.length
    return { muls: call.attributes.weights ? terms : 0, adds: terms }
  },
})

export const resampleReference: ReferenceOf<typeof resample> = {
  forward: (call, [x]) =>
    x ? [arithmetic(x.elementType, resampled(doubles(x), resampleAxis(call), tapsOf(call.attributes)))] : [],
}
