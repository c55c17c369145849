import type { ChannelRule, Track } from '../../graph/index.ts'
import { perChannelParameters } from '../shared/normalise.ts'
import type { BatchNormalizationAttributes } from './attributes.ts'

/** In training every element depends on its whole channel: on all axes but the channels'. */
const perChannel = perChannelParameters<BatchNormalizationAttributes>([1, 2, 3, 4], ({ attributes, inputs }) =>
  attributes.training ? [...(inputs[0]?.shape ?? []).keys()].filter((axis) => axis !== 1) : [],
)

/** Y has the channels of X on axis 1; the statistics that further outputs give are vectors of one entry per channel. */
export const batchNormalizationChannels: ChannelRule<BatchNormalizationAttributes> = {
  scale: 1,
  tie(call, ties) {
    perChannel.tie(call, ties)
    const tracks: Track[] = ties.isTracked(0, 1) ? [{ axes: [0], labels: ties.labels(0, 1) }] : []
    for (let output = 1; output < call.outputs.length; output++) ties.setOutput(output, tracks)
  },
  standardises: ({ attributes: { training, perElement } }) =>
    training || perElement ? undefined : { mean: 3, variance: 4 },
}
