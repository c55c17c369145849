import { lowerCopy } from '../steps/layout.ts'
import { step } from '../steps/step.ts'
import { type Lowering, shapeOf } from './lowering.ts'

/** A channel shuffle, which is three nodes of a file, as one step, in either layout. */
export const shuffle = (groups: number): Lowering => ({
  layout: 'same',
  lower({ call, input, output }) {
    const [batch, channels, ...spatial] = shapeOf(call.inputs[0]) as [number, number, ...number[]]
    const positions = spatial.reduce((p, d) => p * d, 1)
    const size = channels / groups
    const { address: x, layout } = input(0)
    const y = output(0).address
    if (layout === 'channelsLast')
      return [step('shuffleChannelsF32', { x, y, pixels: batch * positions, groups, size })]
    const image = channels * positions
    return lowerCopy({
      ...{ x, y, sizes: [batch, size, groups, positions] },
      xStrides: [image, positions, size * positions, 1],
      yStrides: [image, groups * positions, positions, 1],
    })
  },
})
