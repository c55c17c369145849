import { stridesOf } from '../base/index.ts'
import type { Call, InferredCall, Ties } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { fromIndices, offsetOf } from './shared/indices.ts'
import { moved } from './shared/moved.ts'
import { amongInput } from './shared/range-rules.ts'

/** Axis i of the output is axis perm[i] of the input; reversed by default. */
export function permutation(call: Call<{ perm: readonly number[] | undefined }>, rank: number): readonly number[] {
  const { perm } = call.attributes
  if (!perm) return Array.from({ length: rank }, (_, i) => rank - 1 - i)
  if ([...perm].sort((a, b) => a - b).some((p, i) => p !== i) || perm.length !== rank)
    throw wrong(call, `perm [${perm}] is not a permutation of ${rank} axes`)
  return perm
}

function tieTranspose(call: InferredCall<{ perm: readonly number[] | undefined }>, ties: Ties): void {
  const shape = call.inputs[0]?.shape as readonly number[]
  const perm = permutation(call, shape.length)
  const tracks = ties.tracks(0).map(({ axes, labels }) => {
    // Channels over several axes: their row-major order changes with the order of the axes.
    const moved = axes.map((a) => perm.indexOf(a)).sort((a, b) => a - b)
    const own = moved.map((m) => axes.indexOf(perm[m]!))
    const strides = stridesOf(axes.map((a) => shape[a]!))
    const ownStrides = own.map((n) => strides[n]!)
    const sizes = moved.map((m) => shape[perm[m]!]!)
    return {
      axes: moved,
      labels: Int32Array.from(fromIndices(sizes, (index) => labels[offsetOf(ownStrides, index)]!)),
    }
  })
  ties.setOutput(0, tracks)
}

/** Y[i_p0, i_p1, …] = X[i_0, i_1, …] with the axes in the order `perm` (ONNX Transpose). */
export const transpose = defineOperator({
  name: 'Transpose',
  inputs: ['data'],
  attributes: (a) => ({ perm: a.ints('perm') }),
  infer: (call) => {
    const x = required(call, 0)
    return [
      typed(x.elementType, x.shape && permutation(call, x.shape.length).map((p) => x.shape?.[p] as number | string)),
    ]
  },
  forward: (call, [x]) => {
    if (!x) return []
    const perm = permutation(call, x.shape.length)
    const strides = stridesOf(x.shape)
    const own = perm.map((p) => strides[p]!)
    const shape = perm.map((p) => x.shape[p]!)
    return [moved(x, shape, (index) => offsetOf(own, index))]
  },
  cost: 'none',
  range: amongInput,
  permutes: (call) => permutation(call, call.inputs[0]?.shape?.length ?? 0),
})

export const transposeChannels: ChannelsOf<typeof transpose> = { tie: tieTranspose }

export const transposeTraining: TrainingOf<typeof transpose> = {
  // The inverse permutation.
  backward: (call) => {
    const perm = permutation(call, shapeIn(call, 0).length)
    return [call.emit.node('Transpose', [gradientOf(call)], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
  },
}
