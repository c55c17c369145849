import type { Layer, Model, Profile } from 'kerf'
import { compareProfiles } from 'kerf/cost'
import { type Analysis, analyse, bindInputs, operatorFacts, simplified } from 'kerf/graph'
import { type GraphColour, type GraphMeasure, graphPicture, graphSvg } from 'kerf/report'
import { timesOfRows } from '../times.ts'
import { columnsOf } from './columns.ts'
import { detailsOf } from './layer-details.ts'
import { Groups } from './layer-groups.ts'
import { treeOf } from './tree.ts'
import type { GraphColumns, GraphTree, LayerDetails, LayerGroups, Opening, Pruned, WeightStatistics } from './types.ts'
import { statisticsOf } from './weights.ts'

/** The open model as a graph of layers, for the sizes that it was counted for. */
export class NetworkGraph {
  readonly #profile: Profile
  readonly #rowOf: ReadonlyMap<Layer, number>
  readonly #model: Model
  readonly #inputs: ReadonlyMap<string, readonly number[]>
  #analysis: Analysis | undefined
  #groups: Groups | undefined

  /**
   * @param profile of the model, its layers not fused
   */
  constructor(model: Model, profile: Profile) {
    this.#model = model
    this.#inputs = new Map(profile.inputs.map(({ name, shape }) => [name, shape as readonly number[]]))
    this.#profile = profile
    this.#rowOf = new Map(profile.layers.map((layer, row) => [layer, row]))
  }

  /** Boxes, lines and frames in their places. */
  picture(opening: Opening): GraphColumns {
    const options =
      'opened' in opening ? { opened: new Set(opening.opened) } : 'all' in opening ? { depth: 0 } : opening
    const picture = graphPicture(this.#profile, options)
    return columnsOf(picture, this.#rowOf, [...new Set(picture.boxes.flatMap((b) => b.inside))])
  }

  /** All blocks and layers. */
  tree(): GraphTree {
    return treeOf(this.#profile.layers, this.#rowOf)
  }

  /** Parameters of each row that the same layer of another network has beside them, and all that it has. @param before that it was made from */
  prunedOf(before: Profile): Pruned {
    const count = this.#profile.layers.length
    const [gone, from] = [new Float64Array(count), new Float64Array(count)]
    for (const { b, params } of compareProfiles(before, this.#profile).layers) {
      if (!b) continue
      const row = this.#rowOf.get(b)!
      gone[row] = Math.max(0, (params.a ?? 0) - (params.b ?? 0))
      from[row] = params.a ?? 0
    }
    return { gone, from }
  }

  /**
   * The picture as a document.
   * @param parts what was measured, where it is coloured by times
   * @param pruned of each row, where it is coloured by that
   */
  svg(
    opened: readonly string[],
    colour: GraphColour | 'time' | 'pruned',
    parts: Parameters<typeof timesOfRows>[1] = [],
    pruned?: Pruned,
  ): string {
    return graphSvg(this.#profile, {
      opened: new Set(opened),
      colour:
        colour === 'time'
          ? this.#measure(parts)
          : colour === 'pruned'
            ? {
                title: 'parameters pruned',
                of: (layer) => pruned?.gone[this.#rowOf.get(layer)!] ?? null,
                outOf: (layer) => pruned?.from[this.#rowOf.get(layer)!] ?? null,
              }
            : colour,
    })
  }

  #measure(parts: Parameters<typeof timesOfRows>[1]): GraphMeasure {
    const times = timesOfRows(this.#profile, parts)
    return { title: 'measured milliseconds', unit: 'ms', of: (layer) => times[this.#rowOf.get(layer)!] || null }
  }

  /** A layer by its row. */
  layer(row: number): LayerDetails {
    return detailsOf(this.#analysed(), this.#profile.layers[row]!)
  }

  /** The values of one of its stored tensors. */
  weights(name: string): Promise<WeightStatistics> {
    return statisticsOf(name, this.#analysed().stored.get(name)!)
  }

  /** What shrinks with a layer. */
  groups(row: number): LayerGroups {
    const names = this.#profile.layers.map((l) => l.name)
    this.#groups ??= new Groups(this.#analysed(), this.#inputs, names)
    return this.#groups.of(names[row]!)
  }

  /** As the counter sees the model. */
  #analysed(): Analysis {
    const binding = bindInputs(this.#model.graph, this.#inputs)
    this.#analysis ??= analyse(simplified(this.#model, operatorFacts, binding), operatorFacts, binding)
    return this.#analysis
  }
}
