import type { Criterion, ScoredLayer, ScoringContext } from './criterion.ts'
import { makersOf, products } from './planes.ts'

/*
 * What the loss becomes without a channel, to the first order: L(w − w_c) ≈ L − Σ w·∂L/∂w, and with activations L − Σ a·∂L/∂a. L is the mean over all images,
 * so that the scores do not depend on how many go through at a time.
 */

/** Σ w · ∂L/∂w of every channel of every layer. */
async function weightProducts({ batches, weights, groups, turn }: ScoringContext) {
  const layers = makersOf({ groups })
  const sums = new Map<ScoredLayer, Float64Array>(layers.map((layer) => [layer, new Float64Array(layer.channels)]))
  let images = 0
  for await (const batch of batches(layers, { what: ['weightGradients'] })) {
    for (const [layer, sum] of sums) {
      await turn()
      const [values, gradients] = [weights(layer), batch.weightGradients(layer)]
      for (let c = 0; c < sum.length; c++) {
        const [w, g] = [values[c]!, gradients[c]!]
        let product = 0
        for (let i = 0; i < w.length; i++) product += w[i]! * g[i]!
        sum[c] = sum[c]! + product * batch.images
      }
    }
    images += batch.images
  }
  for (const sum of sums.values()) for (let c = 0; c < sum.length; c++) sum[c] = sum[c]! / images
  return sums
}

/** By weights. All layers that make a channel lose it, so that the sum is over theirs before it is squared; the unit is the loss's in every layer. */
export const taylor: Criterion = {
  name: 'taylor',
  formula: '\\left( \\sum_{w \\in w_c} w \\, \\frac{\\partial L}{\\partial w} \\right)^2',
  source: 'Molchanov et al., Importance Estimation for Neural Network Pruning, CVPR 2019',
  needs: 'labels',
  async score(context) {
    const sums = await weightProducts(context)
    const scores = context.summed((layer) => sums.get(layer)!)
    return new Map([...scores].map(([group, values]) => [group, values.map((v) => v * v)]))
  },
}

/** By activations, the mean over images and positions; g is the gradient of the image's own loss. */
export const taylorActivation: Criterion = {
  name: 'taylor-activation',
  formula: '\\left\\lvert \\operatorname{mean}_{n,h,w} a_c \\, g_c \\right\\rvert',
  source: 'Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference, ICLR 2017',
  needs: 'labels',
  async score(context) {
    const layers = makersOf(context)
    const sums = new Map(layers.map((layer) => [layer, new Float64Array(layer.channels)]))
    let images = 0
    for await (const batch of context.batches(layers, { what: ['activations', 'gradients'] })) {
      for (const [layer, sum] of sums) {
        await context.turn()
        const { data, area } = products(batch, layer)
        for (let i = 0; i < data.length; i++) sum[i % sum.length] = sum[i % sum.length]! + data[i]! / area
      }
      images += batch.images
    }
    return context.combined((layer) => sums.get(layer)!.map((sum) => Math.abs(sum) / images))
  },
}
