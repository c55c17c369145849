import { stoppable, turns } from '../base/index.ts'
import { analyse, bindInputs, type Model, nodeLabel, type RootKind, simplified } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { prunableOperators } from '../ops/index.ts'
import { criterionOf } from './criteria/catalogue.ts'
import { type ScoringOptions, scoreGroups } from './criteria/context.ts'
import type { Criterion } from './criteria/criterion.ts'
import { maskedModel } from './cut.ts'
import { type BoundInputs, type ChannelGroup, type GroupOptions, groupsOf, type Refusal } from './groups.ts'
import { checkRatio, select } from './select.ts'
import { nothingToPrune } from './shortfall.ts'

/** Which groups, and what goes first. */
export interface SingleGroupOptions extends ScoringOptions, BoundInputs, Pick<GroupOptions, 'keep'> {
  /** Output channels of convolutions, outputs of linear layers, or both (default). */
  readonly methods?: readonly RootKind[]
  /** One of `criteria` by its name, or one of your own. Default `l2`. */
  readonly criterion?: string | Criterion
}

/** A group of channels that can be masked while all others stay. */
export interface SingleGroup {
  /** That of the first layer that makes them. */
  readonly name: string
  /** The layers whose output channels these are. */
  readonly layers: readonly string[]
  /** How many there are. */
  readonly channels: number
  /**
   * How many stay when a part of them goes: rounded as `pruneModel` does.
   * @param ratio that part
   * @throws KerfError `bad-ratio`
   */
  kept(ratio: number): number
  /**
   * The network of the same nodes and shapes in which that part is zero: its outputs are those of the cut one.
   * @param ratio that part
   * @throws KerfError `bad-ratio`
   */
  masked(ratio: number): Model
}

/** The groups of a network, each by itself. */
export interface SingleGroups {
  /** What is masked: the given network, with calls of functions inlined. */
  readonly model: Model
  /** In the order of the network. */
  readonly groups: readonly SingleGroup[]
  /** What stays, with the reasons. */
  readonly refused: readonly Refusal[]
}

/**
 * Every group of channels that can go, to be masked one at a time: what a layer bears is seen without cutting.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws as `pruneModel`
 */
export const singleGroups = (source: ModelSource, options: SingleGroupOptions = {}): Promise<SingleGroups> =>
  stoppable(
    'Ranking channels',
    async () => {
      const given = await modelOf(source, options)
      const { operators = prunableOperators, inputs, criterion = 'l2', methods = ['filter', 'neuron'], keep } = options
      const asked = { keep, kinds: new Set(methods) }
      const turn = turns(options.signal, 'Ranking channels')
      await turn()
      const model = simplified(given, operators)
      const found = groupsOf(analyse(model, operators, bindInputs(model.graph, inputs)), asked)
      if (found.groups.length === 0) throw nothingToPrune(found, asked)
      const scores = await scoreGroups(found, criterionOf(criterion), options, turn, 'global')
      const selected = (group: ChannelGroup, ratio: number) => {
        checkRatio(ratio)
        return select({ ...found, groups: [group] }, scores, { ratio })
      }
      return {
        model: found.trace.analysis.model,
        groups: found.groups.map((group) => ({
          name: group.name,
          layers: [...new Set(group.roots.map((r) => nodeLabel(r.node)))],
          channels: group.classes.length,
          kept: (ratio) => selected(group, ratio).kept.get(group)!,
          masked: (ratio) => maskedModel(found, selected(group, ratio).removed),
        })),
        refused: found.refused,
      }
    },
    options,
  )
