import { seededRandom, stoppable, type Task, turns } from '../../base/index.ts'
import { type Analysis, analyse, bindInputs, type Model, simplified } from '../../graph/index.ts'
import { prunableOperators } from '../../ops/index.ts'
import { cutModel } from '../cut.ts'
import { type BoundInputs, type ChannelGroup, type ChannelGroups, groupsOf } from '../groups.ts'
import { withoutMisfits } from '../misfits.ts'
import { selectWidths } from '../select.ts'
import { elementsThrough, type LayerToTime, layersToTime } from './times.ts'

/*
 * The networks whose layers are timed: the given one, and cuts of it to other widths. In some all groups are cut alike: those are timed as a whole, too. In
 * the others every group has its own width, so that a layer is met with many inputs and few outputs, and the other way round.
 */

/** A network to be timed. */
export interface NetworkToTime {
  /** Of the network. */
  readonly analysis: Analysis
  /** Every layer that takes time. */
  readonly layers: readonly LayerToTime[]
  /** Of its inputs and outputs. */
  readonly elements: number
  /** Whether it is timed as a whole. */
  readonly isWhole: boolean
}

/** The parts that all groups keep in networks that are timed as a whole. */
const wholes = [0.62, 0.35]
/** The parts from which each group gets one, in each of `mixtures` networks another. */
const ladder = [1, 0.8, 0.55, 0.4, 0.27, 0.16]
/** What widths are multiples of, in turn; of 1: odd. Kernels take channels by the tile, and some of them multiples alone. */
const multiples = [16, 1, 8, 4]
const mixtures = 8

/**
 * Networks of all widths that a model's layers may get. The same for the same model.
 * @throws as `pruneModel` for models that cannot be understood
 */
export const networksToTime = (given: Model, options: BoundInputs & Task): Promise<NetworkToTime[]> =>
  stoppable('Timing', async () => {
    const turn = turns(options.signal, 'Timing')
    await turn()
    const { operators = prunableOperators } = options
    const model = simplified(given, operators)
    const found = groupsOf(analyse(model, operators, bindInputs(model.graph, options.inputs)))
    if (found.groups.length === 0) return [toTime(found, found.trace.analysis, true)]
    const kinds = new Set(['filter', 'neuron'] as const)
    return withoutMisfits(
      found,
      { kinds },
      async (fitting) => {
        const random = seededRandom(0)
        const made = [toTime(fitting, fitting.trace.analysis, true)]
        for (const part of wholes) {
          await turn()
          made.push(
            toTime(
              fitting,
              narrowed(fitting, (group) => part * group.classes.length),
              true,
            ),
          )
        }
        const places = fitting.groups.map(() => random.below(ladder.length))
        for (let n = 0; n < mixtures; n++) {
          await turn()
          // Each group goes along the ladder by itself, so that it has every width once.
          const widths = new Map(
            fitting.groups.map((g, i) => {
              const part = ladder[(places[i]! + n * (1 + (i % 2) * 4)) % ladder.length]!
              const multiple = multiples[(places[i]! + n * (1 + (i % 2) * 2)) % multiples.length]!
              return [g, widthNear(part * g.classes.length, multiple, g.classes.length)]
            }),
          )
          made.push(
            toTime(
              fitting,
              narrowed(fitting, (group) => widths.get(group)!),
              false,
            ),
          )
        }
        return made
      },
      turn,
    )
  })

/** A network as a whole: a candidate, say. */
export function networkToTime(model: Model, options: BoundInputs): NetworkToTime {
  const { operators = prunableOperators } = options
  const simple = simplified(model, operators)
  const found = groupsOf(analyse(simple, operators, bindInputs(simple.graph, options.inputs)))
  return toTime(found, found.trace.analysis, true)
}

const toTime = (found: ChannelGroups, analysis: Analysis, isWhole: boolean): NetworkToTime => ({
  ...{ analysis, isWhole, layers: layersToTime(found, analysis), elements: elementsThrough(analysis) },
})

/** The multiple that is nearest, below `all`; of 1 an odd number. */
function widthNear(width: number, multiple: number, all: number): number {
  if (multiple === 1) return Math.min(all, 2 * Math.floor(width / 2) + 1)
  return Math.min(Math.max(1, Math.round(width / multiple)), Math.floor(all / multiple)) * multiple || width
}

/** Which channels go does not matter for time. */
function narrowed(found: ChannelGroups, width: (group: ChannelGroup) => number): Analysis {
  const scores = new Map(found.groups.map((g) => [g, new Float64Array(g.classes.length)]))
  const widths = new Map(
    found.groups.map((group) => {
      const { unit } = group.balancing
      return [group, Math.max(1, Math.round(width(group) / unit)) * unit]
    }),
  )
  return cutModel(found, selectWidths(found, scores, widths).removed)
}
