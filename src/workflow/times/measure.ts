import { KerfError, stoppable, type Task, turns } from '../../base/index.ts'
import { GraphBuilder, type Model, tensorOf } from '../../graph/index.ts'
import { type ModelSource, modelOf } from '../../onnx/index.ts'
import {
  type BoundInputs,
  type LayerToTime,
  type NetworkToTime,
  networksToTime,
  type TimedLayer,
  type TimedNetwork,
  type TimedOn,
  type TimeTable,
} from '../../prune/index.ts'
import { layerMs, probeOf } from './probe.ts'
import { feedsToTime, kerfTiming, type TimedRun, type TimingRuntime } from './runtimes.ts'

/** What is timed, and where. */
export interface MeasureOptions extends BoundInputs, Task {
  /** Where. Default `kerfTiming()`. */
  readonly timing?: TimingRuntime
  /** Times that are known: only what they lack is measured. */
  readonly table?: TimeTable
  /** How long each layer is measured at each width, about. Default 0.06. */
  readonly seconds?: number
  /** Given the table whenever it has new times: what was measured before a stop need not be measured again. */
  readonly onTimes?: (table: TimeTable) => void
}

/** Layers that are timed in turns: their weights are in memory together. */
const batchSize = 8
/** Points of a layer from which on a table knows it. */
const manyPoints = 8
/** How long an engine runs before anything is timed, at least. */
const warmUpSeconds = 0.3
/** Whole networks are measured for so much longer than layers. */
const wholeFactor = 10

/**
 * Times every layer of a network at several widths of its inputs and outputs, each distinct one once, and the network as a whole at three. Layers are run with
 * what runtimes fuse with them, several copies of a layer against one.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @returns the table with what it lacked
 * @throws KerfError `other-table` for a table of another runtime, version, machine or number of threads; `unknown-shape`, `unsupported-input` for what
 *   cannot be run by itself; `aborted`, and as the runtime throws
 */
export const measureTimes = (source: ModelSource, options: MeasureOptions = {}): Promise<TimeTable> =>
  stoppable('Timing', async () => {
    const { timing = kerfTiming(), seconds = 0.06, signal, progress, onTimes } = options
    const model = await modelOf(source, options)
    if (options.table) checkTable(options.table, timing.on)
    const networks = await networksToTime(model, options)
    const wanted = layersWanted(networks, options.table?.layers ?? {})
    // Engines make a kernel fast when it has run for a while.
    if (wanted.length > 0)
      await timing.time([runOfNetwork(networks[0]!)], Math.max(warmUpSeconds, wholeFactor * seconds), { signal })
    const table = options.table ?? { ...emptyTable(timing.on), ...(await placeOf(timing, seconds, { signal })) }
    const known = await timeLayers(wanted, table, timing, seconds, { signal, progress }, onTimes)
    return timeNetworks(
      known,
      networks.filter((n) => n.isWhole),
      timing,
      options,
    )
  })

const emptyTable = (on: TimedOn): TimeTable => ({
  on,
  overhead: { ms: 0, msPerElement: 0 },
  yardstickMs: 1,
  layers: {},
  networks: [],
})

/** @throws KerfError `other-table` */
export function checkTable({ on }: TimeTable, here: TimedOn): void {
  const text = ({ runtime, version, threads, machine }: TimedOn) =>
    `${runtime} ${version} on ${threads} ${threads === 1 ? 'thread' : 'threads'} of ${machine}`
  if (text(on) !== text(here))
    throw new KerfError(
      'other-table',
      `The time table was measured with ${text(on)}; here it is ${text(here)}. Give the table of this place, or none, so that a new one is made.`,
      { table: on, here },
    )
}

/** What a run takes that only hands on what it is given, for two sizes; and the yardstick. */
async function placeOf(
  timing: TimingRuntime,
  seconds: number,
  task: Task,
): Promise<Pick<TimeTable, 'overhead' | 'yardstickMs'>> {
  const sizes = [16, 2 ** 17]
  const runs = [...sizes.map((size) => runOf(negation(size))), runOf(yardstick())]
  const [small = 0, large = 0, yardstickMs = 0] = await timing.time(runs, wholeFactor * seconds, task)
  // Both ways: in and out. What the node itself does is a third of the moving.
  const msPerElement = Math.max(0, large - small) / (3 * (sizes[1]! - sizes[0]!))
  return { overhead: { ms: small, msPerElement }, yardstickMs }
}

/**
 * Times beside the yardstick, as they were if that took what it took when the table was begun: a slow minute of the machine is divided out.
 */
async function timeByYardstick(
  runs: readonly TimedRun[],
  { yardstickMs }: Pick<TimeTable, 'yardstickMs'>,
  timing: TimingRuntime,
  seconds: number,
  task: Task,
): Promise<number[]> {
  const [now = 0, ...times] = await timing.time([runOf(yardstick()), ...runs], seconds, task)
  return times.map((t) => (t * yardstickMs) / now)
}

const runOfNetwork = ({ analysis: { model, options } }: NetworkToTime): TimedRun => ({
  model,
  feeds: feedsToTime(model, options.inputShapes as ReadonlyMap<string, readonly number[]>),
})

const runOf = (model: Model): TimedRun => ({ model, feeds: feedsToTime(model) })

/** A convolution like many: 64 channels, 3×3, on 28×28. */
function yardstick(): Model {
  const b = new GraphBuilder('yardstick')
  const x = b.input('x', 'float32', [1, 64, 28, 28])
  const weights = Float32Array.from({ length: 64 * 64 * 9 }, (_, i) => ((i * 7919) % 101) / 1000 - 0.05)
  const w = b.constant('w', tensorOf('float32', [64, 64, 3, 3], weights))
  b.output(b.node('Conv', [x, w], { pads: [1, 1, 1, 1] }))
  return b.model()
}

function negation(size: number): Model {
  const b = new GraphBuilder('negation')
  b.output(b.node('Neg', [b.input('x', 'float32', [1, size])]))
  return b.model()
}

/** The table with the layers that are wanted. */
async function timeLayers(
  wanted: readonly Wanted[],
  table: TimeTable,
  timing: TimingRuntime,
  seconds: number,
  { signal, progress }: Task,
  onTimes?: MeasureOptions['onTimes'],
): Promise<TimeTable> {
  const layers: Record<string, TimedLayer[]> = {}
  for (const [signature, points] of Object.entries(table.layers)) layers[signature] = [...points]
  const turn = turns(signal, 'Timing')
  for (let from = 0; from < wanted.length; from += batchSize) {
    await turn()
    progress?.({ what: 'timing layers', done: from, total: wanted.length, unit: 'layers' })
    const batch = wanted.slice(from, from + batchSize)
    const probes = batch.map(({ network, layer }) => probeOf(network.analysis, layer.unit, layer))
    const runs = probes.flatMap(({ more, less }) => [runOf(more), runOf(less)])
    const times = await timeByYardstick(runs, table, timing, seconds, { signal })
    batch.forEach(({ layer: { unit, signature, ...work } }, i) => {
      const ms = layerMs(probes[i]!, times[2 * i]!, times[2 * i + 1]!)
      layers[signature] = [...(layers[signature] ?? []), { ...work, ms }]
    })
    onTimes?.({ ...table, layers: { ...layers } })
  }
  return { ...table, layers }
}

interface Wanted {
  readonly network: NetworkToTime
  readonly layer: LayerToTime
}

/** Each distinct layer once, of those that the table does not know; neighbours in the list are far apart in the network, so that a slow moment of the machine hits no layer alone. */
function layersWanted(networks: readonly NetworkToTime[], known: TimeTable['layers']): Wanted[] {
  const wanted = new Map<string, Wanted>()
  for (const network of networks)
    for (const layer of network.layers) {
      const points = known[layer.signature] ?? []
      const isKnown =
        points.some((p) => workKey(p) === workKey(layer)) || (points.length >= manyPoints && covers(points, layer))
      if (!isKnown) wanted.set(`${layer.signature}\n${workKey(layer)}`, { network, layer })
    }
  const list = [...wanted.values()]
  const stride = Math.ceil(list.length / batchSize) || 1
  return Array.from({ length: stride }, (_, start) => list.filter((_, i) => i % stride === start)).flat()
}

const workKey = ({ macs, reads, writes, inChannels, outChannels }: Omit<TimedLayer, 'ms'>): string =>
  [macs, reads, writes, inChannels, outChannels].join()

/** Whether a layer lies among those that were measured. */
function covers(points: readonly TimedLayer[], { inChannels, outChannels }: LayerToTime): boolean {
  const among = (value: number, all: readonly number[]) =>
    value >= 0.8 * Math.min(...all) && value <= 1.25 * Math.max(...all)
  return (
    among(
      inChannels,
      points.map((p) => p.inChannels),
    ) &&
    among(
      outChannels,
      points.map((p) => p.outChannels),
    )
  )
}

/** Times the layers of one network, those that the table has at just these widths left out. */
export async function measureLayersOf(
  network: NetworkToTime,
  table: TimeTable,
  { timing = kerfTiming(), seconds = 0.06, signal, progress }: MeasureOptions,
): Promise<TimeTable> {
  const wanted = new Map(
    network.layers
      .filter((layer) => !table.layers[layer.signature]?.some((p) => workKey(p) === workKey(layer)))
      .map((layer) => [`${layer.signature}\n${workKey(layer)}`, { network, layer }]),
  )
  return timeLayers([...wanted.values()], table, timing, seconds, { signal, progress })
}

/** Networks as a whole, in turns, behind those that the table has. */
async function timeNetworks(
  table: TimeTable,
  networks: readonly NetworkToTime[],
  timing: TimingRuntime,
  { seconds = 0.06, signal, progress }: MeasureOptions,
): Promise<TimeTable> {
  const known = new Set(table.networks.map(networkKey))
  const wanted = networks.filter((n) => !known.has(networkKey(n)))
  if (wanted.length === 0) return table
  progress?.({ what: 'timing whole networks', done: 0, total: wanted.length, unit: 'networks' })
  const times = await timeByYardstick(wanted.map(runOfNetwork), table, timing, wholeFactor * seconds, { signal })
  return wanted.reduce((known, network, i) => withNetwork(known, network, times[i]!), table)
}

/** The table with a network that was measured as a whole; the same one before is replaced. */
export function withNetwork(
  table: TimeTable,
  { layers, elements }: NetworkToTime,
  ms: number,
  facts: Pick<TimedNetwork, 'isChosen'> = {},
): TimeTable {
  const measured: TimedNetwork = { layers: layers.map(({ unit, ...layer }) => layer), elements, ms, ...facts }
  const key = networkKey(measured)
  return { ...table, networks: [...table.networks.filter((n) => networkKey(n) !== key), measured] }
}

const networkKey = ({ layers, elements }: Pick<NetworkToTime, 'layers' | 'elements'> | TimedNetwork): string =>
  [elements, ...layers.map((l) => `${l.signature}\n${workKey(l)}`)].join('\n')
