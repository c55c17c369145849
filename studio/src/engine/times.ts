import type { Profile } from 'kerf'
import type { ProgramMemory, Timing } from 'kerf/runtime'
import type { LayerTime } from 'kerf/workflow'
import type { Peer } from './peer-messages.ts'

/** How a network is measured. */
export interface MeasureWish {
  readonly threads: number
  /** How long, about: half of it whole runs, half of it layer by layer. */
  readonly seconds: number
}

/** How the open network is measured. */
export interface NetworkWish extends MeasureWish {
  /** Another runtime, in turns with Kerf; none: Kerf alone. */
  readonly peer?: Peer
}

/** How far measuring is. */
export interface MeasureProgress {
  readonly what: string
  readonly done: number
  readonly total: number
}

/** What was measured of the open network, in this browser. */
export interface Measurement {
  readonly threads: number
  readonly backend: string
  /** Of whole runs, with the input handed to the worker that runs it. */
  readonly whole: Timing
  /** Times of layers were taken in so many runs. */
  readonly layerRuns: number
  /** In the order in which they run. */
  readonly parts: readonly LayerTime[]
  readonly memory: ProgramMemory | undefined
  /** What did not go as asked, in words. */
  readonly notices: readonly string[]
  /** What it was measured with: the shapes of the inputs. */
  readonly inputs: Profile['inputs']
  /** Another runtime, where one was asked for. */
  readonly beside?: Beside | NotBeside
}

/** Another runtime, measured in turns with Kerf on the same input, on as many threads. */
export interface Beside {
  readonly runtime: string
  readonly version: string
  /** Of whole runs, as Kerf's own. */
  readonly whole: Timing
  /** Its time as a multiple of Kerf's. */
  readonly ratio: number
  /** The largest difference between its outputs and Kerf's, as a part of the largest value. */
  readonly maxRelDiff: number
}

/** Another runtime, and why it was not measured. */
export interface NotBeside {
  readonly runtime: string
  readonly problem: string
}

/** What this machine does at most, in this browser. */
export interface MachineLimits {
  readonly threads: number
  /** MACs per second of a large convolution. */
  readonly macsPerSecond: number
  /** Bytes per second that a sum of large tensors reads and writes. */
  readonly bytesPerSecond: number
}

/** Milliseconds for each row of the table of layers. Parts that run as one have their time at the first of them; NaN for the others. */
export function timesOfRows(
  { layers }: Pick<Profile, 'layers'>,
  parts: readonly Pick<LayerTime, 'nodes' | 'timeMs'>[],
): Float64Array {
  const rows = new Map<string, number>()
  layers.forEach(({ name, members = [name] }, row) => {
    for (const node of members) if (!rows.has(node)) rows.set(node, row)
  })
  const times = new Float64Array(layers.length).fill(Number.NaN)
  for (const { nodes, timeMs } of parts) {
    const row = rows.get(nodes[0] ?? '')
    if (row !== undefined) times[row] = (Number.isNaN(times[row]!) ? 0 : times[row]!) + timeMs
  }
  return times
}

/** The least time that a machine can take, in milliseconds: that of the arithmetic or of the memory, whichever is longer (the roofline's bound). */
export const boundMs = ({ macsPerSecond, bytesPerSecond }: MachineLimits, macs: number, bytes: number): number =>
  1000 * Math.max(macs / macsPerSecond, bytes / bytesPerSecond)
