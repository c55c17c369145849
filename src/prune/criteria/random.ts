import type { Random } from '../../base/index.ts'
import type { Criterion } from './criterion.ts'

const drawn = (random: Random, count: number) => Float64Array.from({ length: count }, () => random.uniform())

/** Scores that say nothing, by a seed: the base line that every other criterion must beat. */
export const random: Criterion = {
  name: 'random',
  formula: 'U(0, 1)',
  source: '',
  needs: 'weights',
  score: ({ groups, random }) => new Map(groups.map((group) => [group, drawn(random(group), group.channels)])),
  scoreWeights: (values, { layer, random }) => drawn(random(layer), values.length),
}
