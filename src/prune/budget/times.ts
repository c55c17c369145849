import { getOrAdd, KerfError } from '../../base/index.ts'
import { macsOf } from '../../cost/index.ts'
import type { Analysis } from '../../graph/index.ts'
import type { ChannelGroups } from '../groups.ts'
import { costAt, elementsOf, macTerms, type Step, simplifiedTerms, type Term } from './costs.ts'
import { isBetween, type Law, lawOf, roundedUp, type TimedLayer, timeOf } from './law.ts'
import { type Ratio, Ratios } from './ratios.ts'
import { signatureOf, type Unit, unitsOf, type Work, workOf } from './units.ts'

/*
 * Time of a network as a function of its widths, from measured times of its layers.
 *
 * Each layer has a law (law.ts). A network takes the sum, and what a run costs by itself. Layers that were measured one by one have no neighbours, so that the sum is off by some
 * part; whole networks that were measured say by how much, and between two of them the correction goes from the one to the other.
 */

/** Where times were measured. */
export interface TimedOn {
  /** `kerf`, `ort-node`, `ort-web` …, or what you call your own. */
  readonly runtime: string
  /** Of the runtime. */
  readonly version: string
  /** That runs were made with. */
  readonly threads: number
  /** Processor, and browser or Node. */
  readonly machine: string
}

/** A whole network that was measured. */
export interface TimedNetwork {
  /** Its layers: which, by their signature, and what they do. */
  readonly layers: readonly (Work & {
    /** As in `TimeTable.layers`. */
    readonly signature: string
  })[]
  /** Elements of its inputs and outputs. */
  readonly elements: number
  /** Median of its runs. */
  readonly ms: number
  /** Whether its widths were chosen to reach a time. Absent: they were there to measure by. */
  readonly isChosen?: boolean
}

/** Measured times on one runtime: plain data, for JSON. `measureTimes` makes it, targets in milliseconds take it. */
export interface TimeTable {
  /** Where all of them were measured. */
  readonly on: TimedOn
  /** What a run takes that does nothing: by itself, and for each element of inputs and outputs. */
  readonly overhead: {
    /** Of a run. */
    readonly ms: number
    /** Of an element that goes in or comes out. */
    readonly msPerElement: number
  }
  /** What a fixed convolution took when the table was begun: times that are added later are scaled by what it takes then. */
  readonly yardstickMs: number
  /** Times at several widths, by what layers have in common that differ in widths alone. */
  readonly layers: Readonly<Record<string, readonly TimedLayer[]>>
  /** Whole networks. */
  readonly networks: readonly TimedNetwork[]
}

/** Which axes of a network's values and weights groups decide: in the network as it is, and in every cut of it. */
export const channelAxes =
  ({ trace }: ChannelGroups) =>
  (value: string, axis: number): boolean =>
    trace.tensorAxes.get(value)?.has(axis) ||
    trace.groupedAxes.get(value)?.axis === axis ||
    trace.tracks.get(value)?.some((t) => t.axes.includes(axis)) ||
    false

/** A layer of a network, to be timed. */
export interface LayerToTime extends Work {
  readonly unit: Unit
  readonly signature: string
}

/**
 * Every layer of a network that takes time.
 * @param network the one that groups were found in, or a cut of it
 */
export function layersToTime(found: ChannelGroups, network: Analysis = found.trace.analysis): LayerToTime[] {
  const isChannel = channelAxes(found)
  const macs = macsOf(network)
  return unitsOf(network).flatMap((unit) => {
    const work = workOf(network, unit, macs)
    return work ? [{ unit, signature: signatureOf(network, unit, isChannel), ...work }] : []
  })
}

/** Elements of a network's inputs and outputs. */
export function elementsThrough({ model, values }: Analysis): number {
  const names = [...model.graph.inputs.filter((i) => !model.graph.initializers.has(i.name)), ...model.graph.outputs]
  return names.reduce(
    (sum, { name }) => sum + (values.get(name)?.shape ?? []).reduce<number>((p, d) => p * Number(d), 1),
    0,
  )
}

/** Laws of the layers that a table has, made when they are asked for. */
class Laws {
  // Making them takes longer than all else that a table is asked for, and it is asked again for every width of a slider.
  static readonly #ofTables = new WeakMap<TimeTable, Laws>()

  static of(table: TimeTable): Laws {
    return getOrAdd(Laws.#ofTables, table, () => new Laws(table))
  }

  readonly #known = new Map<string, Law>()
  readonly table: TimeTable

  private constructor(table: TimeTable) {
    this.table = table
  }

  /** @throws KerfError `no-times` */
  of(signature: string): Law {
    const known = this.#known.get(signature)
    if (known) return known
    const points = this.table.layers[signature] ?? []
    if (points.length === 0)
      throw new KerfError(
        'no-times',
        `The time table of ${this.table.on.runtime} has no times of a layer of this network (${signature.split(' | ')[0]}). Measure it with the same table: measureTimes, or kerf prune without --dry-run.`,
        { signature },
      )
    const law = lawOf(points)
    this.#known.set(signature, law)
    return law
  }

  sum({ layers, elements }: Omit<TimedNetwork, 'ms'>): number {
    const { ms, msPerElement } = this.table.overhead
    return layers.reduce((sum, l) => sum + timeOf(this.of(l.signature), l), ms + msPerElement * elements)
  }
}

/**
 * What a network takes, by a table.
 * @throws KerfError `no-times`
 */
export function predictedMs({ layers, elements }: Omit<TimedNetwork, 'ms'>, table: TimeTable): number {
  const laws = Laws.of(table)
  return correction(laws, layers)(laws.sum({ layers, elements }))
}

/** A network's time, layer by layer, and what whole networks say of such sums. */
export interface TimeModel {
  /** Of the sum. */
  readonly terms: readonly Term[]
  /** The time that a sum stands for. */
  corrected(sum: number): number
  /** The largest sum that stands for at most this time. */
  sumFor(ms: number): number
}

/** @throws KerfError `no-times` */
export function timeModel(found: ChannelGroups, table: TimeTable): TimeModel {
  const { analysis } = found.trace
  const laws = Laws.of(table)
  const ratios = new Ratios(found)
  const macs = macTerms(found, ratios)
  const layers = layersToTime(found)
  const { ms, msPerElement } = table.overhead
  const shapeOf = (name: string) => analysis.values.get(name)!.shape as readonly number[]
  const terms = layers.flatMap((layer): Term[] => {
    const { unit, signature } = layer
    const law = laws.of(signature)
    const steps = stepsOf(layer, law, ratios)
    const [each, perMac, perRead, perWrite] = law.base
    const times = (term: Term, by: number): Term => ({ ...term, amount: term.amount * by })
    const read = unit.inputs.map((name) => elementsOf(ratios, name, shapeOf(name)))
    const written = unit.outputs.map((name) => elementsOf(ratios, name, shapeOf(name)))
    const made = unit.nodes.flatMap((node): Term[] =>
      macs.has(node) ? [{ ...times(macs.get(node)!, steps.fixed), tiles: steps.tiles }] : [],
    )
    const on = [
      { amount: each, factors: [] },
      ...made.map((t) => times(t, perMac)),
      ...read.map((t) => times(t, perRead)),
      ...written.map((t) => times(t, perWrite)),
    ]
    if (steps.off === 'never') return on
    const { off } = steps
    const added = [...made.map((t) => times(t, law.off[0])), ...read.map((t) => times(t, law.off[1]))]
    return [...on, ...added.map((t) => (off === 'always' ? t : { ...t, off }))]
  })
  const all = simplifiedTerms([{ amount: ms + msPerElement * elementsThrough(analysis), factors: [] }, ...terms])
  const corrected = correction(laws, layers)
  const whole = costAt(all, new Float64Array(found.groups.length).fill(1))
  return {
    terms: all,
    corrected,
    sumFor(limit) {
      let [low, high] = [0, whole]
      if (corrected(high) <= limit) return high
      for (let i = 0; i < 60; i++) {
        const middle = (low + high) / 2
        if (corrected(middle) <= limit) low = middle
        else high = middle
      }
      return low
    },
  }
}

/** Where a layer's law has steps in the widths of groups, and what follows from widths that stay. */
function stepsOf({ unit, inChannels, outChannels }: LayerToTime, law: Law, ratios: Ratios) {
  const axes = [
    { name: unit.inputs[0], of: inChannels, tile: law.inTile, align: law.inAlign },
    { name: unit.outputs[0], of: outChannels, tile: law.outTile, align: law.outAlign },
  ].map(({ name = '', ...axis }) => ({ ...axis, ratio: ratios.of(name).find(([axis]) => axis === 1)?.[1] }))
  const step = (ratio: Ratio | undefined, of: number, size: number): Step[] =>
    ratio && size > 1 ? [{ ratio, of, step: size }] : []
  const off = axes.flatMap(({ ratio, of, align }) => step(ratio, of, align))
  const isAlwaysOff = axes.some(({ ratio, of, align }) => !ratio && isBetween(of, align))
  return {
    tiles: axes.flatMap(({ ratio, of, tile }) => step(ratio, of, tile)),
    /** By how much whole tiles of widths that stay are more. */
    fixed: axes.reduce((product, { ratio, of, tile }) => product * (ratio ? 1 : roundedUp(of, tile)), 1),
    off: isAlwaysOff ? ('always' as const) : off.length > 0 ? off : ('never' as const),
  }
}

/**
 * From whole networks of the same layers: measured by summed, from one to the next by the logarithm of the sum. Networks whose widths were chosen before are more like those
 * that will be than networks that are narrow throughout, which move less for what they calculate.
 */
function correction(laws: Laws, layers: TimedNetwork['layers']): (sum: number) => number {
  const kind = kindOf(layers)
  const all = laws.table.networks
    .filter((n) => kindOf(n.layers) === kind)
    .map(({ ms, isChosen, ...n }) => ({ isChosen, sum: laws.sum(n), ms }))
    .map(({ isChosen, sum, ms }) => ({ isChosen, at: Math.log(sum), ratio: ms / sum }))
    .sort((a, b) => a.at - b.at)
  const known = all.some((n) => n.isChosen) ? all.filter((n, i) => n.isChosen || i === all.length - 1) : all
  if (known.length === 0) return (sum) => sum
  return (sum) => {
    const at = Math.log(sum)
    const above = known.findIndex((k) => k.at >= at)
    if (above <= 0) return sum * known.at(above)!.ratio
    const [a, b] = [known[above - 1]!, known[above]!]
    const part = b.at === a.at ? 1 : (at - a.at) / (b.at - a.at)
    return sum * (a.ratio + part * (b.ratio - a.ratio))
  }
}

/** Networks are alike that have the same layers with weights; what else there is may follow from the cut (a shuffle written anew). */
const kindOf = (layers: readonly { readonly signature: string; readonly macs: number }[]): string =>
  [...new Set(layers.filter((l) => l.macs > 0).map((l) => l.signature))].sort().join('\n')
