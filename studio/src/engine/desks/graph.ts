import { transfer } from 'comlink'
import { type Profile, profileModel } from 'kerf'
import type { GraphColour } from 'kerf/report'
import { countOther } from '../compare.ts'
import { memoryOf } from '../graph/columns.ts'
import { NetworkGraph } from '../graph/network-graph.ts'
import type {
  GraphColumns,
  GraphTree,
  LayerDetails,
  LayerGroups,
  Opening,
  Pruned,
  WeightStatistics,
} from '../graph/types.ts'
import type { OpenModel } from '../open-model.ts'
import type { MeasureDesk } from './measure.ts'

/** The open model drawn. */
export class GraphDesk {
  readonly #open: OpenModel
  readonly #measure: MeasureDesk
  #graph: { readonly of: Profile; readonly graph: NetworkGraph } | undefined

  constructor(open: OpenModel, measure: MeasureDesk) {
    this.#open = open
    this.#measure = measure
  }

  /** The network laid out, with some blocks open. */
  picture(opening: Opening): GraphColumns {
    const columns = this.#drawn().picture(opening)
    return transfer(columns, memoryOf(columns))
  }

  /** Its blocks and layers. */
  tree(): GraphTree {
    const graph = this.#drawn()
    const tree = graph.tree()
    return { ...tree, layers: { ...tree.layers, pruned: this.#pruned(graph) } }
  }

  /** The picture as an SVG document. */
  svg(opened: readonly string[], colour: GraphColour | 'time' | 'pruned'): string {
    const graph = this.#drawn()
    return graph.svg(opened, colour, this.#measure.last?.parts, this.#pruned(graph))
  }

  /** A layer of the graph, by its row. */
  layer(row: number): LayerDetails {
    return this.#drawn().layer(row)
  }

  /** The values of a stored tensor. */
  weights(name: string): Promise<WeightStatistics> {
    return this.#drawn().weights(name)
  }

  /** What shrinks with a layer. */
  groups(row: number): LayerGroups {
    return this.#drawn().groups(row)
  }

  /** Against the network that was opened. */
  #pruned(graph: NetworkGraph): Pruned | undefined {
    const { steps, at, counting } = this.#open
    const [file] = steps
    return at === 0 || !file
      ? undefined
      : graph.prunedOf(countOther(file.model, file.title, { ...counting, fused: false }))
  }

  /** Of layers that are not fused, whatever is counted. */
  #drawn(): NetworkGraph {
    const { model, counted, inputShapes } = this.#open
    const { network, profile } = counted
    if (!profile) throw new Error('No layers are known.')
    if (this.#graph?.of === profile) return this.#graph.graph
    const plain = profile.fused ? profileModel(model, { name: network.name, inputs: inputShapes }) : profile
    const graph = new NetworkGraph(model, plain)
    this.#graph = { of: profile, graph }
    return graph
  }
}
