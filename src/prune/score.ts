import { KerfError, stoppable, turns } from '../base/index.ts'
import { analyse, bindInputs, simplified } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { prunableOperators } from '../ops/index.ts'
import { criterionOf } from './criteria/catalogue.ts'
import { type ScoringOptions, scoreGroups } from './criteria/context.ts'
import type { Criterion, ScoredGroup } from './criteria/criterion.ts'
import { groupsOf } from './groups.ts'
import type { PruneOptions } from './prune.ts'

/** What is scored, and by what. */
export interface ScoreOptions
  extends ScoringOptions,
    Pick<PruneOptions, 'criterion' | 'keep' | 'inputs' | 'inexact' | 'outputsMayShrink'> {
  /** Whose channels; `filter` by default. */
  readonly methods?: readonly ('filter' | 'neuron')[]
}

/** What a criterion says of the channels of one group. */
export interface ChannelScores {
  /** The group's: that of the first layer that makes its channels. */
  readonly name: string
  /** The stored weights that make them. */
  readonly tensors: readonly string[]
  /** One for each channel; the lowest go first. */
  readonly scores: readonly number[]
}

/**
 * Scores the channels of a network and removes none: to compare criteria, or to rank once and cut several times (`criterionFrom`).
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @returns of each group, in the order of the network
 * @throws as `openModel`; KerfError `unknown-criterion`, `no-images`, `no-loss`, `bad-scores`, `not-finite`, `aborted`
 */
export const scoreChannels = (source: ModelSource, options: ScoreOptions = {}): Promise<readonly ChannelScores[]> =>
  stoppable(
    'Scoring',
    async () => {
      const { operators = prunableOperators, methods = ['filter'], signal } = options
      const criterion = criterionOf(options.criterion ?? 'l2')
      const turn = turns(signal, 'Scoring')
      await turn()
      const model = simplified(await modelOf(source, options), operators)
      const analysis = analyse(model, operators, bindInputs(model.graph, options.inputs))
      const found = groupsOf(analysis, { ...options, kinds: new Set(methods) })
      // Whoever reads them compares layers, too.
      const scores = await scoreGroups(found, criterion, options, turn, 'global')
      return found.groups.map((group) => ({
        name: group.name,
        tensors: group.roots.map((r) => r.tensor),
        scores: Array.from(scores.get(group)!),
      }))
    },
    options,
  )

const keyOf = (tensors: readonly string[]) => tensors.join('\n')

/**
 * A criterion that gives the scores that another one gave.
 * @param name as it is called in messages
 * @param given of a network with the same groups
 */
export function criterionFrom(name: string, given: readonly ChannelScores[]): Criterion {
  const known = new Map(given.map((g) => [keyOf(g.tensors), g.scores]))
  const scoresOf = (group: ScoredGroup) => {
    const scores = known.get(keyOf(group.layers.map((l) => l.tensor)))
    if (scores) return scores
    throw new KerfError('bad-scores', `There are no scores of "${group.name}". Score this network's own channels.`, {
      group: group.name,
    })
  }
  return {
    ...{ name, needs: 'weights', formula: '', source: '' },
    score: ({ groups }) => new Map(groups.map((group) => [group, scoresOf(group)])),
  }
}
