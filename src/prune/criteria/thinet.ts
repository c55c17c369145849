import { addProducts } from '../../algebra/index.ts'
import type { WeightedSum } from '../../graph/index.ts'
import type { Criterion, Numbers, ScoredGroup, ScoredLayer } from './criterion.ts'

const readers = ({ readers }: ScoredGroup): readonly ScoredLayer[] => readers

/** Positions that are looked at in every image, as in the paper. */
const positions = 10

/**
 * The set of channels without which what reads them changes least, in squares, found greedily: one is added to those that go at a time, the one with which
 * all of them together add least. The score is a channel's place in that order. Positions are drawn by the seed; the outputs of the readers are added up with
 * random signs r_o, which are drawn for each batch: E[(Σ_{c∈T} Σ_o r_o y_co)²] = Σ_o (Σ_{c∈T} y_co)².
 */
export const thinet: Criterion = {
  name: 'thinet',
  formula:
    '\\operatorname{order}_T \\min \\textstyle\\sum_{n,h,w} \\left\\lVert \\sum_{j \\in T \\cup \\{c\\}} v_j * a_j \\right\\rVert^2',
  source: 'Luo et al., ThiNet: A Filter Level Pruning Method, ICCV 2017',
  needs: 'images',
  async score({ groups, batches, weights, weightedSum, random, turn }) {
    const grams = new Map<ScoredGroup, Float64Array>(
      groups.map((group) => [group, new Float64Array(group.channels ** 2)]),
    )
    const layers = groups.flatMap(readers)
    const known = new Map(
      layers.map((layer) => {
        const sum = weightedSum(layer)
        return [layer, { sum, rows: weights(layer), sources: sum.sources(), uniform: random(layer).uniform }]
      }),
    )
    for await (const batch of batches(layers, { what: ['activations'] }))
      for (const group of groups)
        for (const layer of group.readers) {
          await turn()
          const { data, images, channels, plane } = batch.activations(layer)
          const { sum, rows, sources, uniform } = known.get(layer)!
          const signs = Float64Array.from({ length: sum.groups * sum.outChannels }, () => (uniform() < 0.5 ? -1 : 1))
          const added = signedWeights(sum, rows, signs)
          const area = plane.reduce((product, d) => product * d, 1)
          const [n, each] = [group.channels, Math.min(positions, sum.places)]
          const x = new Float64Array(images * each * n)
          for (let row = 0; row < images * each; row++) {
            const image = data.subarray(Math.floor(row / each) * channels * area)
            const of = contributions(sum, sources, added, image, area, Math.floor(uniform() * sum.places))
            layer.of.forEach((channel, i) => {
              if (channel >= 0) x[row * n + channel] = x[row * n + channel]! + of[i]!
            })
          }
          const steps = { start: 0, row: 1, term: n }
          const operands = { a: x, b: x, aSteps: steps, bSteps: steps, n, m: n, terms: images * each, lower: true }
          await addProducts(operands, grams.get(group)!, turn)
        }
    const scores = new Map<ScoredGroup, Float64Array>()
    for (const [group, gram] of grams) {
      await turn()
      const n = group.channels
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) gram[j * n + i] = gram[i * n + j]!
      scores.set(group, orderOf(gram, n))
    }
    return scores
  },
}

/**
 * The weights of each input channel and tap, the outputs summed up with signs: [channels, taps].
 * @param rows of each channel the weights that read it, output by output
 * @param signs of each output channel
 */
export function signedWeights(
  { groups, inChannels, outChannels, taps }: WeightedSum,
  rows: readonly ArrayLike<number>[],
  signs: ArrayLike<number>,
): Float64Array {
  const added = new Float64Array(groups * inChannels * taps)
  for (const [c, row] of rows.entries()) {
    const first = Math.floor(c / inChannels) * outChannels
    for (let o = 0, at = 0; o < outChannels; o++)
      for (let t = c * taps, end = t + taps; t < end; t++, at++) added[t] = added[t]! + signs[first + o]! * row[at]!
  }
  return added
}

/**
 * What each channel that a layer reads adds to what it makes at a place.
 * @param sources of the layer
 * @param added `signedWeights`
 * @param image [channels, area]
 */
export function contributions(
  { groups, inChannels, taps }: WeightedSum,
  sources: Int32Array,
  added: Float64Array,
  image: Numbers,
  area: number,
  place: number,
): Float64Array {
  const of = new Float64Array(groups * inChannels)
  for (let t = 0; t < taps; t++) {
    const source = sources[place * taps + t]!
    if (source >= 0)
      for (let c = 0, from = source; c < of.length; c++, from += area)
        of[c] = of[c]! + added[c * taps + t]! * image[from]!
  }
  return of
}

/** Each channel's place among those that go, (0, 1]: added to the set is the one with which its sum of squares is least. */
export function orderOf(gram: Float64Array, n: number): Float64Array {
  const places = new Float64Array(n)
  /** 2·⟨x_c, Σ_T⟩ + ‖x_c‖²: what c adds. */
  const adds = Float64Array.from({ length: n }, (_, c) => gram[c * (n + 1)]!)
  for (let place = 1; place <= n; place++) {
    let least = -1
    for (let c = 0; c < n; c++) if (places[c] === 0 && (least < 0 || adds[c]! < adds[least]!)) least = c
    places[least] = place / n
    for (let c = 0; c < n; c++) adds[c] = adds[c]! + 2 * gram[least * n + c]!
  }
  return places
}
