import { elementCount } from '../base/index.ts'
import type { Dense } from '../graph/index.ts'
import { perChannelSum } from './conv/backward.ts'
import { defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { shapeIn } from './shared/backward.ts'
import { required, typed, wrong } from './shared/check.ts'
import { checkVectors, statisticsCost } from './shared/normalise.ts'
import { affineBackward, channelsOf } from './shared/normalise-backward.ts'
import { perChannel, scaledAndShifted, standardised } from './shared/normalise-forward.ts'
import { arithmetic, broadcastTo, doubles } from './shared/numbers.ts'

interface GroupNormalizationAttributes {
  readonly groups: number
  /** Scale and bias per group. */
  readonly perGroup: boolean
  readonly epsilon: number
}

/**
 * Normalises `num_groups` equal blocks of channels over channels and space: X [N, C, spatial…]; scale, bias [C], in opset 18
 * [num_groups] (ONNX GroupNormalization, opset 18, 21). Cost: see `statisticsCost`; one mean and variance per sample and group.
 */
export const groupNormalization = defineOperator({
  name: 'GroupNormalization',
  inputs: ['X: floating [N, C, …]', 'scale: =X', 'bias: =X'],
  attributes: (a, opset): GroupNormalizationAttributes => ({
    groups: a.size('num_groups', 1, 0),
    perGroup: opset < 21,
    epsilon: a.float('epsilon', 1e-5),
  }),
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    const { groups, perGroup } = call.attributes
    for (let i = 1; i < 3; i++) required(call, i)
    if (groups < 1) throw wrong(call, 'attribute num_groups is missing or not positive', 'Export the model again.')
    const channels = shape?.[1]
    if (typeof channels === 'number' && channels % groups !== 0)
      throw wrong(call, `${channels} channels do not divide into ${groups} groups`)
    checkVectors(call, [1, 2], perGroup ? groups : channels, perGroup ? 'groups' : 'channels')
    return [typed(elementType, shape)]
  },
  cost: (call) => {
    const x = call.inputs[0]?.shape as readonly number[]
    const statistics = x[0]! * call.attributes.groups
    return statisticsCost(elementCount(x)!, statistics, { mean: true, scale: true, bias: true })
  },
  parameters: [1, 2],
  fusion: 'follower',
})

export const groupNormalizationReference: ReferenceOf<typeof groupNormalization> = {
  forward: (call, [x, scale, bias]) => {
    if (!x || !scale || !bias) return []
    const { groups, perGroup, epsilon } = call.attributes
    const batch = x.shape[0]!
    const grouped = [batch, groups, x.data.length / (batch * groups)]
    const y = standardised({ shape: grouped, data: doubles(x).data }, [2], epsilon)
    const spread = (p: Dense) =>
      perGroup ? broadcastTo(perChannel(p, 3), grouped) : broadcastTo(perChannel(p, x.shape.length), x.shape)
    return [arithmetic(x.elementType, { ...scaledAndShifted(y, spread(scale), spread(bias)), shape: x.shape })]
  },
}

export const groupNormalizationTraining: TrainingOf<typeof groupNormalization> = {
  backward: (call) => {
    const { groups, perGroup, epsilon } = call.attributes
    const { emit } = call
    const x = shapeIn(call, 0)
    const [batch = 1, channels = 1] = x
    const scale = call.node.inputs[1]!
    // One per group stands for each of its channels.
    const spread = () => emit.expand(emit.reshape(scale, [groups, 1]), [groups, channels / groups])
    return affineBackward(
      call,
      { sets: batch * groups, epsilon },
      () => channelsOf(call, perGroup ? spread() : scale),
      (perElement) =>
        perGroup
          ? emit.sum(emit.reshape(perElement, [batch, groups, -1]), [0, 2], false)
          : perChannelSum(call, perElement),
    )
  },
}
