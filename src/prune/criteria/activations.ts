import type { Criterion, Numbers } from './criterion.ts'
import { makersOf, meanOverImages } from './planes.ts'

function meanMagnitude(plane: Numbers): number {
  let sum = 0
  for (let i = 0; i < plane.length; i++) sum += Math.abs(plane[i]!)
  return sum / plane.length
}

function shareOfOthers(plane: Numbers): number {
  let zeros = 0
  for (let i = 0; i < plane.length; i++) if (plane[i] === 0) zeros++
  return 1 - zeros / plane.length
}

/** How large what comes out of a channel is, on average. */
export const meanActivation: Criterion = {
  name: 'mean-activation',
  formula: '\\operatorname{mean}_{n,h,w} \\lvert a_c \\rvert',
  source: 'Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference, ICLR 2017',
  needs: 'images',
  async score(context) {
    const means = await meanOverImages(context, makersOf(context), meanMagnitude)
    return context.combined((layer) => means.get(layer)!)
  },
}

/** How often what comes out of a channel is not zero: one less the average percentage of zeros. */
export const apoz: Criterion = {
  name: 'apoz',
  formula: '1 - \\operatorname{mean}_{n,h,w} [a_c = 0]',
  source: 'Hu et al., Network Trimming: A Data-Driven Neuron Pruning Approach, 2016',
  needs: 'images',
  async score(context) {
    const shares = await meanOverImages(context, makersOf(context), shareOfOthers)
    return context.combined((layer) => shares.get(layer)!)
  },
}
