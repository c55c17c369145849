import type { Call } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { worksAlong } from './shared/axis-tracks.ts'
import { gradientOf } from './shared/backward.ts'
import { contentOf, required, typed, wrong } from './shared/check.ts'
import { moved } from './shared/moved.ts'

const diagonal = (call: Call): number | undefined => (call.inputs[1] ? contentOf(call, 1)?.[0] : 0)

/** X with everything below (or above) diagonal k of its last two axes set to 0 (ONNX Trilu). */
export const trilu = defineOperator({
  name: 'Trilu',
  inputs: ['input', 'k?: whole (1)'],
  attributes: (a) => ({ upper: a.flag('upper', true) }),
  infer: (call) => {
    const x = required(call, 0)
    if (x.shape && x.shape.length < 2) throw wrong(call, 'X should have at least two dimensions')
    return [typed(x.elementType, x.shape)]
  },
  forward: (call, [x]) => {
    const k = diagonal(call)
    if (!x || k === undefined) return []
    const { upper } = call.attributes
    const keeps = (index: readonly number[]) => {
      const past = index.at(-1)! - index.at(-2)!
      return upper ? past >= k : past <= k
    }
    return [moved(x, x.shape, (index, flat) => (keeps(index) ? flat : undefined))]
  },
  cost: 'none',
})

export const triluChannels: ChannelsOf<typeof trilu> = {
  tie: (call, ties) => {
    const rank = call.inputs[0]?.shape?.length ?? 0
    worksAlong(call, ties, [rank - 2, rank - 1])
  },
}

export const triluTraining: TrainingOf<typeof trilu> = {
  // Only what was kept comes back.
  backward: (call) => {
    const { emit, node, attributes } = call
    const [, ...k] = node.inputs
    return [emit.node('Trilu', [gradientOf(call), ...k], { upper: attributes.upper ? 1 : 0 })]
  },
}
