import { addProducts } from '../../algebra/index.ts'
import type { Turn } from '../../base/index.ts'
import type { Analysis } from '../../graph/index.ts'
import { type Affine, tensorValues } from '../../graph/index.ts'
import { affineOf, type SolvedLayer } from './layers.ts'
import type { LinearMap, RidgeSamples } from './ridge.ts'
import { type Piece, piecesOf, takeChannels, takePatches } from './samples.ts'
import type { StagedRun } from './staged-run.ts'
import type { Sampled, Teacher } from './teacher.ts'

/** Channels of a normalisation with a scale this much smaller than the largest are not asked to make up for what is added behind them. */
const leastScale = 1e-3

/**
 * One layer of a cut network that is on its way, what it reads there, and what it should give so that behind it comes out what came out of the network as it was.
 */
export class LayerProblem {
  readonly layer: SolvedLayer
  /** Weights [M, D] and constants [M] of each group, as they are: inputs d = c·taps + t. */
  readonly maps: readonly LinearMap[]
  /** Whether the layer has constants, or can be given some. */
  readonly hasConstants: boolean
  readonly #pieces: readonly Piece[]
  readonly #sources: Int32Array
  readonly #sampled: Sampled
  readonly #fitted: Float32Array
  readonly #held: Float32Array
  /** What an error of each output channel weighs. */
  readonly #scale: Float64Array
  readonly #turn: Turn

  constructor(layer: SolvedLayer, cut: Analysis, run: StagedRun, teacher: Teacher, images: number, turn: Turn) {
    const { sum, behind } = layer
    this.layer = layer
    this.#turn = turn
    this.#sampled = teacher.targets.get(layer.output)!
    this.#pieces = piecesOf(run.value(layer.x), images)
    this.#sources = sum.sources()
    this.hasConstants = sum.bias !== undefined
    this.maps = mapsOf(layer, run)
    const affine = behind.affine && affineOf(cut, behind.affine, (name) => tensorValues(run.tensor(name)))
    const channels = sum.groups * sum.outChannels
    this.#scale = Float64Array.from({ length: channels }, (_, m) => Math.abs(affine?.scale[m] ?? 1))
    const addend = behind.addend === undefined ? undefined : piecesOf(run.value(behind.addend), images)
    const target = (from: 'fitted' | 'held') => this.#targets(from, addend, affine)
    this.#fitted = target('fitted')
    this.#held = target('held')
  }

  get inputs(): number {
    return this.layer.sum.inChannels * this.layer.sum.taps
  }

  /** What the layer itself should give: what came out behind it, less what is added, through the affine node backwards. */
  #targets(from: 'fitted' | 'held', addend: readonly Piece[] | undefined, affine: Affine | undefined): Float32Array {
    const out = this.#sampled[from].slice()
    const rows = this.#sampled.rows[from]
    const count = rows.image.length
    const added = new Float32Array(addend ? out.length : 0)
    const channels = Int32Array.from(this.#scale.keys())
    for (const piece of addend ?? []) takeChannels(piece, this.layer.sum.y, channels, rows, added)
    const least = leastScale * this.#scale.reduce((most, s) => Math.max(most, s), 0)
    for (const m of channels) {
      const [scale, shift] = [affine?.scale[m] ?? 1, affine?.shift[m] ?? 0]
      // A channel that is scaled down to nothing has no say.
      const factor = Math.abs(scale) > least ? 1 / scale : 0
      for (let n = m * count; n < (m + 1) * count; n++) out[n] = (out[n]! - (added[n] ?? 0) - shift) * factor
      if (factor === 0) this.#scale[m] = 0
    }
    return out
  }

  /** Samples of a group, to fit on. */
  samples(group: number): RidgeSamples {
    const { rows } = this.#sampled
    const count = rows.fitted.image.length
    const targets = this.layer.sum.outChannels
    const strides = { input: count, row: 1 }
    return {
      ...{ inputs: this.inputs, targets, count },
      x: takePatches(this.#pieces, this.layer.sum, this.#sources, group, rows.fitted, strides),
      t: this.#fitted.subarray(group * targets * count, (group + 1) * targets * count),
    }
  }

  /** What says the squared error of a group on samples that are held out, and how large the targets are. */
  judge(group: number): { readonly errorOf: (map: LinearMap) => Promise<number>; readonly size: number } {
    const { rows } = this.#sampled
    const count = rows.held.image.length
    const targets = this.layer.sum.outChannels
    const strides = { input: 1, row: this.inputs }
    const x = takePatches(this.#pieces, this.layer.sum, this.#sources, group, rows.held, strides)
    const t = this.#held.subarray(group * targets * count, (group + 1) * targets * count)
    const weigh = (squares: (m: number, n: number) => number) => {
      let error = 0
      for (let m = 0; m < targets; m++) {
        let sum = 0
        for (let n = m * count; n < (m + 1) * count; n++) sum += squares(m, n)
        error += sum * this.#scale[group * targets + m]! ** 2
      }
      return error
    }
    return {
      size: weigh((_, n) => t[n]! ** 2),
      errorOf: async ({ weights, constants }) => {
        const given = new Float64Array(targets * count)
        await addProducts({ a: weights, b: x, n: targets, m: count, terms: this.inputs }, given, this.#turn)
        return weigh((m, n) => (given[n]! + constants[m]! - t[n]!) ** 2)
      },
    }
  }
}

/** Calls `visit` with every weight of a group: its place among the group's [M, D], and in the tensor. */
export function forWeights(
  { groups, inChannels, outChannels, taps, w }: SolvedLayer['sum'],
  group: number,
  visit: (at: number, stored: number) => void,
): void {
  if (group >= groups) return
  let at = 0
  for (let m = 0; m < outChannels; m++)
    for (let c = 0; c < inChannels; c++)
      for (let t = 0; t < taps; t++) visit(at++, group * w.group + m * w.out + c * w.in + t * w.tap)
}

function mapsOf({ sum, weight, bias }: SolvedLayer, run: StagedRun): LinearMap[] {
  const stored = tensorValues(run.tensor(weight))
  const constants = bias === undefined ? undefined : tensorValues(run.tensor(bias))
  return Array.from({ length: sum.groups }, (_, g) => {
    const weights = new Float64Array(sum.outChannels * sum.inChannels * sum.taps)
    forWeights(sum, g, (at, from) => {
      weights[at] = stored[from]!
    })
    const own = constants?.slice(g * sum.outChannels, (g + 1) * sum.outChannels)
    return { weights, constants: own ?? new Float64Array(sum.outChannels) }
  })
}
