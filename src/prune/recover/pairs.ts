import { addProducts, factorise, solveFactorised, transposed } from '../../algebra/index.ts'
import { differentiate } from '../../autodiff/index.ts'
import type { MatrixTurn } from '../../base/index.ts'
import { type Analysis, editGraph, graphInputs, type Model, type OperatorSet } from '../../graph/index.ts'
import { type HostTensor, openProgram, type Program, type RunningOptions } from '../../runtime/index.ts'
import { outputLoss } from '../criteria/output-loss.ts'
import type { Changes } from './changes.ts'
import { LayerCoordinates } from './coordinates.ts'
import { onlyReader, type SolvedLayer } from './layers.ts'
import type { RidgeSamples } from './ridge.ts'
import { isHeldOut, type Piece, piecesOf } from './samples.ts'
import type { StagedRun } from './staged-run.ts'

/*
 * Two layers that lie behind each other, y = W₂·clamp(W₁·x), both solved for what comes out of the second one: what the first gives in between need not be what it
 * gave in the network as it was, of which channels are gone. Least squares cannot see that, which looks at one layer at a time.
 *
 * The squared error of y is made smaller by conjugate gradients (Polak and Ribière), preconditioned by what is known of its curvature: of the inputs XᵀX of each layer,
 * and of the outputs Γ = ΣₜW₂ₜᵀW₂ₜ of the first, where both channels pass the clamp (Martens and Grosse, ICML 2015: Kronecker factors). Steps follow from the error at
 * two points. So there is no rate to be chosen, and ten steps are as good as hundreds without.
 */

/** Two layers, the second of which alone reads the first. */
export interface LayerPair {
  readonly first: SolvedLayer
  readonly second: SolvedLayer
}

/** Steps at most, and the part of the squared error that the last must bring. */
const [mostSteps, leastGain] = [12, 0.004]
/** λ, of the mean square of the inputs; and of the mean of Γ. */
const [inputRidge, outputRidge] = [1e-3, 1e-2]
/** Of every so many places it is looked whether channels pass the clamp. */
const [fewestPlaces, placesPerImage] = [1, 8]

/** The layer that makes what a layer reads, with nothing in between but a clamp; undefined where there is none, or where channels lie in groups. */
export function pairOf(cut: Analysis, second: SolvedLayer, layers: readonly SolvedLayer[]): LayerPair | undefined {
  const first = layers.find(({ behind, sum }) => {
    if (behind.addend !== undefined || sum.groups > 1) return false
    const value = behind.bounds ? onlyReader(cut, behind.value)?.outputs[0] : behind.value
    return value === second.x && onlyReader(cut, second.x)?.outputs[0] === second.output
  })
  return first && second.sum.groups === 1 ? { first, second } : undefined
}

/** What a pair is solved with. */
export interface PairContext {
  readonly cut: Analysis
  readonly run: StagedRun
  readonly changes: Changes
  /** What is to come out behind the second layer, with all channels that there were, for all images. */
  readonly wanted: readonly HostTensor[]
  /** What the layers read at the places that they are solved on. */
  readonly samples: { readonly first: RidgeSamples; readonly second: RidgeSamples }
  readonly images: number
  readonly running: RunningOptions
  /** With their gradients. */
  readonly operators: OperatorSet
  readonly turn: MatrixTurn
}

/**
 * Solves for both layers of a pair, as they are in `run`, which must have what the first one reads.
 * @returns whether something was better on images that are held out; then both are changed, and the run goes back to in front of the first
 */
export async function solvePair(pair: LayerPair, context: PairContext): Promise<boolean> {
  const { changes, cut, run, turn, samples } = context
  const layers = [pair.first, pair.second].map((layer) => new LayerCoordinates(layer, cut, run, changes))
  const [first, second] = layers as [LayerCoordinates, LayerCoordinates]
  const factors = [await inverseOf(samples.first, turn), await inverseOf(samples.second, turn)]
  const curvature = await curvatureOf(pair, second, context)
  const divided = second.scale.map((s) => (s === 0 ? 0 : s ** -2))
  const places = pair.second.sum.places * context.images
  const conditioned = async (gradients: readonly Float64Array[]) => {
    const [a, b] = gradients.map((g) => g.map((v) => v / places)) as [Float64Array, Float64Array]
    await solveFactorised(curvature, first.outputs, a, first.width, turn)
    for (let i = 0; i < a.length; i++) a[i] = a[i]! / (first.scale[Math.floor(i / first.width)]! || 1) ** 2
    for (let i = 0; i < b.length; i++) b[i] = b[i]! * divided[Math.floor(i / second.width)]!
    const out = [a, b]
    for (const [k, layer] of layers.entries()) {
      const turned = transposed(out[k]!, layer.outputs, layer.width)
      await solveFactorised(factors[k]!, layer.width, turned, layer.outputs, turn)
      out[k] = transposed(turned, layer.width, layer.outputs)
    }
    return out
  }
  const network = await PairNetwork.open(pair, layers, context)
  try {
    let now = await network.look()
    const start = now
    let best = { held: now.held, values: layers.map((l) => l.values) }
    let before: { gradients: Float64Array[]; steps: Float64Array[]; direction: Float64Array[] } | undefined
    let length = 0.5
    for (let step = 0; step < mostSteps; step++) {
      const gradients = await network.gradients()
      const steps = await conditioned(gradients)
      let direction = steps
      if (before) {
        const { gradients: was, steps: wasSteps, direction: last } = before
        const change = gradients.map((g, k) => g.map((v, i) => v - was[k]![i]!))
        const factor = Math.max(0, dot(steps, change) / dot(wasSteps, was))
        direction = steps.map((s, k) => s.map((v, i) => v + factor * last[k]![i]!))
      }
      before = { gradients, steps, direction }
      const from = layers.map((l) => l.values)
      const at = async (size: number) => {
        layers.forEach((layer, k) => {
          layer.values = from[k]!.map((v, i) => v + size * direction[k]![i]!)
        })
        return network.look()
      }
      const found = await searched(now.fitted, -2 * dot(gradients, direction), length, at)
      if (!found) {
        layers.forEach((layer, k) => {
          layer.values = from[k]!
        })
        break
      }
      length = found.size
      const gain = 1 - found.look.fitted / now.fitted
      now = found.look
      if (now.held < best.held) best = { held: now.held, values: layers.map((l) => l.values) }
      if (gain < leastGain) break
    }
    if (!(best.held < start.held)) return false
    layers.forEach((layer, k) => {
      layer.tensors(best.values[k]!).forEach((values, i) => {
        changes.setValues(layer.names[i]!, values)
      })
    })
    run.backTo(pair.first.x, pair.second.x)
    return true
  } finally {
    await network.dispose()
  }
}

interface Look {
  /** Squared error on the images to fit to. */
  readonly fitted: number
  /** On those that are held out. */
  readonly held: number
}

/** The least of a parabola through two points and a slope, made sure of; undefined where nothing is less. */
async function searched(
  error: number,
  slope: number,
  guess: number,
  at: (size: number) => Promise<Look>,
): Promise<{ readonly size: number; readonly look: Look } | undefined> {
  let best = { size: guess, look: await at(guess) }
  const bend = (best.look.fitted - error - slope * guess) / guess ** 2
  const least = bend > 0 ? Math.min(4 * guess, -slope / (2 * bend)) : 2 * guess
  let last = guess
  const attempt = async (size: number) => {
    const look = await at(size)
    last = size
    if (look.fitted < best.look.fitted) best = { size, look }
  }
  if (least > 0 && Math.abs(least / guess - 1) > 0.15) await attempt(least)
  for (let i = 0; i < 6 && !(best.look.fitted < error); i++) await attempt(Math.min(last, best.size) / 4)
  if (!(best.look.fitted < error)) return undefined
  if (last !== best.size) await at(best.size)
  return best
}

const dot = (a: readonly Float64Array[], b: readonly Float64Array[]): number =>
  a.reduce((sum, x, k) => sum + x.reduce((s, v, i) => s + v * b[k]![i]!, 0), 0)

/** Cholesky's factor of the mean of (x, 1)·(x, 1)ᵀ, with a ridge. */
async function inverseOf({ x, inputs, count }: RidgeSamples, turn: MatrixTurn): Promise<Float64Array> {
  const size = inputs + 1
  const rows = new Float64Array(size * count).fill(1, inputs * count)
  rows.set(x)
  const square = new Float64Array(size * size)
  await addProducts({ a: rows, b: rows, n: size, m: size, terms: count, lower: true }, square, turn)
  let trace = 0
  for (let d = 0; d < inputs; d++) trace += square[d * size + d]! / count
  const lambda = (inputRidge * trace) / inputs || 1
  for (let i = 0; i < square.length; i++) square[i] = square[i]! / count
  for (let d = 0; d < inputs; d++) square[d * size + d] = square[d * size + d]! + lambda
  square[size * size - 1] = 1 + 1e-9
  await factorise(square, size, turn)
  return square
}

/** Cholesky's factor of Γ: how the error bends with what the first layer gives, channel by channel. */
async function curvatureOf(
  { first, second }: LayerPair,
  { values, scale, width }: LayerCoordinates,
  { run, images, turn }: PairContext,
): Promise<Float64Array> {
  const { inChannels: channels, taps, outChannels } = second.sum
  const both = passing(piecesOf(run.value(second.x), images), second, first)
  const gamma = new Float64Array(channels * channels)
  let trace = 0
  for (let k = 0; k < channels; k++)
    for (let l = 0; l <= k; l++) {
      let sum = 0
      for (let m = 0; m < outChannels; m++)
        for (let t = 0; t < taps; t++)
          sum += values[m * width + k * taps + t]! * values[m * width + l * taps + t]! * scale[m]! ** 2
      gamma[k * channels + l] = sum * both[k * channels + l]!
      if (k === l) trace += gamma[k * channels + k]!
    }
  for (let k = 0; k < channels; k++)
    gamma[k * channels + k] = gamma[k * channels + k]! + ((outputRidge * trace) / channels || 1)
  await factorise(gamma, channels, turn)
  return gamma
}

/** Of each two channels the part of the places where both lie within the bounds. */
function passing(pieces: readonly Piece[], { sum }: SolvedLayer, { behind: { bounds } }: SolvedLayer): Float64Array {
  const { inChannels: channels, x } = sum
  const both = new Float64Array(channels * channels)
  if (!bounds) return both.fill(1)
  let count = 0
  for (const { data, size, images } of pieces)
    for (let i = 0; i < images; i++) {
      const places = size / channels
      for (let p = 0; p < places; p += Math.max(fewestPlaces, Math.floor(places / placesPerImage))) {
        const inside: number[] = []
        for (let c = 0; c < channels; c++) {
          const value = data[i * size + c * x.channel + p * x.place]!
          if (value > bounds.lo && value < bounds.hi) inside.push(c)
        }
        for (const k of inside) for (const l of inside) both[k * channels + l] = both[k * channels + l]! + 1
        count++
      }
    }
  return both.map((sum) => sum / Math.max(1, count))
}

/** The nodes of a pair, with its weights as inputs, and the same with gradients. */
class PairNetwork {
  readonly #forward: Opened
  readonly #backward: Opened
  readonly #gradients: ReadonlyMap<string, string>
  readonly #directions: string
  readonly #pair: LayerPair
  readonly #layers: readonly LayerCoordinates[]
  readonly #context: PairContext
  /** What is wanted less what is given, behind the bounds, piece by piece: 0 where images are held out. */
  #rests: Float32Array[] = []

  static async open(pair: LayerPair, layers: readonly LayerCoordinates[], context: PairContext): Promise<PairNetwork> {
    const { run, running, operators } = context
    const { second } = pair
    const given = givenOf(pair)
    const model = run.part(given, second.behind.value)
    const editor = editGraph(model)
    const shapes = new Map(given.map((name) => [name, run.value(name)[0]!.shape]))
    for (const name of layers.flatMap((l) => l.names)) {
      const { elementType, shape } = run.tensor(name)
      editor.input(name, elementType, shape)
      shapes.set(name, shape)
    }
    const whole = editor.model()
    const { model: withLoss, loss, targets } = outputLoss(whole, shapes.get(given[0]!)!, operators)
    const asked = layers.flatMap((l) => l.names)
    const all = new Map([...shapes, [targets.name, targets.shape]])
    const { model: made, gradients } = differentiate(withLoss, loss, asked, all, {}, operators)
    const backward = editGraph(made)
      .setOutputs(asked.map((name) => gradients.get(name)!))
      .dropDead()
      .model()
    const forward = await opened(whole, shapes, running)
    return new PairNetwork(
      pair,
      layers,
      context,
      forward,
      await opened(backward, all, running),
      gradients,
      targets.name,
    )
  }

  constructor(
    pair: LayerPair,
    layers: readonly LayerCoordinates[],
    context: PairContext,
    forward: Opened,
    backward: Opened,
    gradients: ReadonlyMap<string, string>,
    directions: string,
  ) {
    this.#pair = pair
    this.#layers = layers
    this.#context = context
    this.#forward = forward
    this.#backward = backward
    this.#gradients = gradients
    this.#directions = directions
  }

  #write({ program, reads }: Opened, piece: number): void {
    const { run } = this.#context
    const write = (name: string, values: ArrayLike<number>) => reads.has(name) && program.input(name).set(values)
    for (const name of givenOf(this.#pair)) write(name, run.value(name)[piece]!.data as Float32Array)
    for (const layer of this.#layers)
      layer.tensors(layer.values).forEach((values, i) => {
        write(layer.names[i]!, values)
      })
  }

  /** Runs all images with the layers as they are. */
  async look(): Promise<Look> {
    const { second } = this.#pair
    const { wanted, images, running, turn } = this.#context
    let [fitted, held] = [0, 0]
    this.#rests = []
    for (const [piece, target] of wanted.entries()) {
      await turn()
      this.#write(this.#forward, piece)
      await this.#forward.program.run({ signal: running.signal })
      const { data, shape } = this.#forward.program.read(second.behind.value)
      const rest = this.#rest(data, target, shape[0]!)
      for (let i = 0; i < shape[0]!; i++) {
        const image = piece * shape[0]! + i
        const own = rest.subarray((i * rest.length) / shape[0]!, ((i + 1) * rest.length) / shape[0]!)
        if (image < images) {
          const error = own.reduce((sum, v) => sum + v * v, 0)
          if (isHeldOut(image)) held += error
          else fitted += error
        }
        if (image >= images || isHeldOut(image)) own.fill(0)
      }
      this.#rests.push(rest)
    }
    return { fitted, held }
  }

  /** What is wanted less what is given, of the channels that are left; 0 where both lie beyond a bound. */
  #rest(given: ArrayLike<number>, target: HostTensor, images: number): Float32Array {
    const { second } = this.#pair
    const { bounds } = second.behind
    const { sum, outputs, before } = second
    const out = new Float32Array(given.length)
    const [size, old] = [given.length / images, target.data.length / images]
    const places = size / outputs.length
    const clamp = (v: number) => (bounds ? Math.min(Math.max(v, bounds.lo), bounds.hi) : v)
    for (let i = 0; i < images; i++)
      for (let c = 0; c < outputs.length; c++)
        for (let p = 0; p < places; p++) {
          const at = i * size + c * sum.y.channel + p * sum.y.place
          const from = i * old + outputs[c]! * before.sum.y.channel + p * before.sum.y.place
          const [value, wish] = [given[at]!, clamp(Number(target.data[from]))]
          const isBeyond =
            bounds && ((wish <= bounds.lo && value < bounds.lo) || (wish >= bounds.hi && value > bounds.hi))
          out[at] = isBeyond ? 0 : wish - value
        }
    return out
  }

  /** Minus half of the gradient of the squared error of what was looked at last, by each layer's coordinates. */
  async gradients(): Promise<Float64Array[]> {
    const { running, turn } = this.#context
    const sums = this.#layers.map((layer) => layer.tensors(layer.values).map((tensor) => tensor.fill(0)))
    for (const [piece, rest] of this.#rests.entries()) {
      await turn()
      this.#write(this.#backward, piece)
      this.#backward.program.input(this.#directions).set(rest)
      await this.#backward.program.run({ signal: running.signal })
      this.#layers.forEach(({ names }, k) => {
        names.forEach((name, i) => {
          const { data } = this.#backward.program.read(this.#gradients.get(name)!)
          const sum = sums[k]![i]!
          for (let j = 0; j < data.length; j++) sum[j] = sum[j]! + data[j]!
        })
      })
    }
    // The loss is a mean over the images of a piece.
    const batch = this.#context.wanted[0]!.shape[0]!
    return this.#layers.map((layer, k) => layer.gradient(sums[k]!.map((g) => g.map((v) => v * batch))))
  }

  async dispose(): Promise<void> {
    await this.#forward.program.dispose()
    await this.#backward.program.dispose()
  }
}

const givenOf = ({ first, second }: LayerPair): string[] => [
  ...new Set([first.x, ...(second.behind.addend === undefined ? [] : [second.behind.addend])]),
]

/** A program, and the inputs that it has. */
interface Opened {
  readonly program: Program
  readonly reads: ReadonlySet<string>
}

async function opened(
  model: Model,
  shapes: ReadonlyMap<string, readonly number[]>,
  running: RunningOptions,
): Promise<Opened> {
  const reads = new Set(graphInputs(model.graph).map((i) => i.name))
  const own = new Map([...shapes].filter(([name]) => reads.has(name)))
  return { program: await openProgram(model, own, running), reads }
}
