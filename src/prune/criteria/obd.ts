import type { Criterion, ScoredLayer } from './criterion.ts'
import { makersOf } from './planes.ts'

/**
 * What the loss grows without each of a channel's weights, one by one, to the second order: E is over images, which therefore go through one by one. The sum over
 * all layers that make the channel; the unit is the loss's in every layer.
 */
export const obd: Criterion = {
  name: 'obd',
  formula:
    '\\sum_{w \\in w_c} w^2 \\, \\mathbb{E}\\left[ \\left( \\tfrac{\\partial L}{\\partial w} \\right)^2 \\right]',
  source: 'LeCun et al., Optimal Brain Damage, NIPS 1989, by the empirical Fisher',
  needs: 'loss',
  async score({ batches, weights, groups, summed, turn }) {
    const layers = makersOf({ groups })
    const rows = new Map(layers.map((layer) => [layer, weights(layer)]))
    const sums = new Map<ScoredLayer, Float64Array>(layers.map((layer) => [layer, new Float64Array(layer.channels)]))
    let images = 0
    for await (const batch of batches(layers, { what: ['weightGradients'], most: 1 })) {
      for (const [layer, sum] of sums) {
        await turn()
        const gradients = batch.weightGradients(layer)
        rows.get(layer)!.forEach((w, c) => {
          const g = gradients[c]!
          let all = 0
          for (let i = 0; i < w.length; i++) {
            const product = w[i]! * g[i]!
            all += product * product
          }
          sum[c] = sum[c]! + all
        })
      }
      images += batch.images
    }
    return new Map(
      [...summed((layer) => sums.get(layer)!)].map(([group, values]) => [group, values.map((v) => v / images)]),
    )
  },
}
