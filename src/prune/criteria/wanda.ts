import { squares } from '../../algebra/index.ts'
import type { Criterion, ScoredGroup, ScoredLayer } from './criterion.ts'
import { absolute } from './norms.ts'
import { eachPlane } from './planes.ts'

const readers = ({ readers }: ScoredGroup): readonly ScoredLayer[] => readers

/** What a channel is multiplied by where it is read, times how large it is: the sum over the weights that read it. The mean over its readers. */
export const wanda: Criterion = {
  name: 'wanda',
  formula: '\\textstyle\\sum_j \\lvert v_{cj} \\rvert \\cdot \\lVert a_c \\rVert_2',
  source: 'Sun et al., A Simple and Effective Pruning Approach for Large Language Models, ICLR 2024',
  needs: 'images',
  async score({ groups, batches, weights, combined, turn }) {
    const layers = groups.flatMap(readers)
    const sums = new Map(layers.map((layer) => [layer, new Float64Array(layer.channels)]))
    for await (const batch of batches(layers, { what: ['activations'] }))
      for (const [layer, sum] of sums) {
        await turn()
        eachPlane(batch.activations(layer), (plane, channel) => {
          sum[channel] = sum[channel]! + squares(plane)
        })
      }
    return combined((layer) => weights(layer).map((row, c) => absolute(row) * Math.sqrt(sums.get(layer)![c]!)), readers)
  },
}
