import { addProducts } from '../../algebra/index.ts'
import type { MatrixTurn } from '../../base/index.ts'
import type { Analysis } from '../../graph/index.ts'
import { type Affine, tensorValues } from '../../graph/index.ts'
import { affineOf, type SolvedLayer } from './layers.ts'
import { bounded, type LinearMap, type RidgeSamples, type Targets } from './ridge.ts'
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
  readonly #fitted: Targets
  readonly #held: Targets
  /** What an error of each output channel weighs. */
  readonly #scale: Float64Array
  readonly #turn: MatrixTurn

  constructor(layer: SolvedLayer, cut: Analysis, run: StagedRun, teacher: Teacher, images: number, turn: MatrixTurn) {
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

  /** What the layer itself should give, and where that is cut off: what came out behind it, less what is added, through the affine node backwards. */
  #targets(from: 'fitted' | 'held', addend: readonly Piece[] | undefined, affine: Affine | undefined): Targets {
    const out = this.#sampled[from].slice()
    const rows = this.#sampled.rows[from]
    const { bounds } = this.layer.behind
    const [lo, hi] = bounds ? [out.slice(), out.slice()] : []
    const count = rows.image.length
    const added = new Float32Array(addend ? out.length : 0)
    const channels = Int32Array.from(this.#scale.keys())
    for (const piece of addend ?? []) takeChannels(piece, this.layer.sum.y, channels, rows, added)
    const weakest = leastScale * this.#scale.reduce((most, s) => Math.max(most, s), 0)
    for (const m of channels) {
      const [scale, shift] = [affine?.scale[m] ?? 1, affine?.shift[m] ?? 0]
      // A channel that is scaled down to nothing has no say.
      const factor = Math.abs(scale) > weakest ? 1 / scale : 0
      const backwards = (value: number, n: number) => (value - (added[n] ?? 0) - shift) * factor
      for (let n = m * count; n < (m + 1) * count; n++) out[n] = backwards(out[n]!, n)
      // A scale below 0 makes the upper bound the lower one.
      const [least, most] = bounds && factor < 0 ? [bounds.hi, bounds.lo] : [bounds?.lo, bounds?.hi]
      for (let n = m * count; lo && hi && n < (m + 1) * count; n++) {
        lo[n] = backwards(least!, n)
        hi[n] = backwards(most!, n)
      }
      if (factor === 0) this.#scale[m] = 0
    }
    return { t: out, lo, hi }
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
      ...ofGroup(this.#fitted, group * targets * count, targets * count),
    }
  }

  /** What says the squared error of a group on samples that are held out, behind the bounds, and how large the targets are. */
  judge(group: number): { readonly errorOf: (map: LinearMap) => Promise<number>; readonly size: number } {
    const { rows } = this.#sampled
    const count = rows.held.image.length
    const targets = this.layer.sum.outChannels
    const strides = { input: 1, row: this.inputs }
    const x = takePatches(this.#pieces, this.layer.sum, this.#sources, group, rows.held, strides)
    const wanted = ofGroup(this.#held, group * targets * count, targets * count)
    const { t } = wanted
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
        return weigh((m, n) => (bounded(wanted, n, given[n]! + constants[m]!) - bounded(wanted, n, t[n]!)) ** 2)
      },
    }
  }
}

/** Of targets those of a group. */
const ofGroup = ({ t, lo, hi }: Targets, start: number, count: number): Targets => ({
  t: t.subarray(start, start + count),
  lo: lo?.subarray(start, start + count),
  hi: hi?.subarray(start, start + count),
})

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
