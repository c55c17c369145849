import { addProducts } from '../../algebra/index.ts'
import type { Criterion, ScoredGroup, ScoredLayer } from './criterion.ts'

const readers = ({ readers }: ScoredGroup): readonly ScoredLayer[] => readers

/** Positions that are looked at in every image, as in the paper. */
const positions = 10

/**
 * The set of channels without which what reads them changes least, in squares, found greedily: one is added to those that go at a time, the one with which
 * all of them together add least. The score is a channel's place in that order. Positions are drawn by the seed; the outputs of the readers are added up with
 * random signs, which are drawn for each batch.
 */
export const thinet: Criterion = {
  name: 'thinet',
  formula:
    '\\operatorname{order}_T \\min \\textstyle\\sum_{n,h,w} \\left\\lVert \\sum_{j \\in T \\cup \\{c\\}} v_j * a_j \\right\\rVert^2',
  source: 'Luo et al., ThiNet: A Filter Level Pruning Method, ICCV 2017',
  needs: 'images',
  async score({ groups, batches, random, turn }) {
    const grams = new Map<ScoredGroup, Float64Array>(
      groups.map((group) => [group, new Float64Array(group.channels ** 2)]),
    )
    const layers = groups.flatMap(readers)
    const draws = new Map(layers.map((layer) => [layer, random(layer)]))
    for await (const batch of batches(layers, { what: ['contributions'] }))
      for (const group of groups)
        for (const layer of group.readers) {
          const { data, images, channels, plane } = batch.contributions(layer)
          const area = plane.reduce((product, d) => product * d, 1)
          const draw = draws.get(layer)!
          const [n, each] = [group.channels, Math.min(positions, area)]
          const x = new Float64Array(images * each * n)
          for (let row = 0; row < images * each; row++) {
            const at = Math.floor(row / each) * channels * area + Math.floor(draw.uniform() * area)
            layer.of.forEach((channel, i) => {
              if (channel >= 0) x[row * n + channel] = x[row * n + channel]! + data[at + i * area]!
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
