import { type Analysis, nodeLabel } from 'kerf/graph'
import { type ChannelGroup, type ChannelGroups, findGroups, type Reach, reachOf } from 'kerf/prune'
import { shapeText } from 'kerf/report'
import type { LayerGroups } from './types.ts'

/** What of a network can only shrink together, found once. */
export class Groups {
  readonly #found: ChannelGroups
  readonly #reach: ReadonlyMap<ChannelGroup, Reach>
  readonly #rowOf: ReadonlyMap<string, number>

  /** @param names of layers, by row */
  constructor({ model }: Analysis, inputs: ReadonlyMap<string, readonly number[]>, names: readonly string[]) {
    this.#found = findGroups(model, { inputs })
    this.#reach = reachOf(this.#found)
    this.#rowOf = new Map(names.map((name, row) => [name, row]))
  }

  /** Groups whose channels a layer makes; of one that makes none, those that pass it. */
  of(name: string): LayerGroups {
    const makersOf = (group: ChannelGroup) => [...new Set(group.roots.map((root) => nodeLabel(root.node)))]
    const own = this.#found.groups.filter((group) => makersOf(group).includes(name))
    const passing = this.#found.groups.filter((group) => this.#reach.get(group)!.nodes.includes(name))
    return {
      groups: (own.length > 0 ? own : passing).map((group) => {
        const { tensors, nodes } = this.#reach.get(group)!
        return {
          ...{ name: group.name, channels: group.classes.length },
          makers: this.#rowsOf(makersOf(group)),
          rows: this.#rowsOf(nodes),
          tensors: tensors.map((t) => `${t.name}, axis ${t.axis} of ${shapeText(t.shape)}`),
        }
      }),
      refused: this.#found.refused.filter(({ node }) => node === name).map(({ why }) => why),
    }
  }

  #rowsOf(names: readonly string[]): number[] {
    return names.flatMap((name) => this.#rowOf.get(name) ?? [])
  }
}
