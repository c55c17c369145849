import { addProducts, factorise, invertFactorised, squares, transposed } from '../../algebra/index.ts'
import { askMemory, KerfError, type MatrixTurn, memoryLimit } from '../../base/index.ts'
import type { WeightedSum } from '../../graph/index.ts'
import type { ChannelValues, Criterion, ScoredGroup, ScoredLayer } from './criterion.ts'

/*
 * A layer gives Y = X·Wᵀ + b. Without channel c, whose inputs are S, and with all other weights solved anew, it errs by
 *
 *     tr(W_S · (G_SS)⁻¹ · W_Sᵀ)      G = (XᵀX + λ)⁻¹, X centred, since the constant is solved for, too
 *
 * in squares, the ridge's λ‖ΔW‖² included. The channel goes with which the readers err least, each in parts of what it gives; then W and G are those of the
 * layer without it:
 *
 *     W ← W − W_S·(G_SS)⁻¹·G_S:      G ← G − G_:S·(G_SS)⁻¹·G_S:
 *
 * With G_SS = L·Lᵀ, Z = L⁻¹·G_S: and V = L⁻¹·W_Sᵀ these are ‖V‖², VᵀZ and ZᵀZ. So the costs of all steps add up to the error of all channels that are gone.
 */

/** λ, of the mean square of the inputs: where the search for the ridge begins that recovery makes. */
const ridge = 1e-3
/** Places of an image that are looked at, at least; more where a layer has many inputs, one for so many of them. */
const [fewestPlaces, inputsPerPlace] = [16, 16]
/** What the products of inputs may take that are summed up in one pass over the images. */
const passBytes = 2 ** 29

const readers = ({ readers }: ScoredGroup): readonly ScoredLayer[] => readers

/** The error of the layers that read them, all other weights solved anew: channels go one at a time, the one with which it grows least. */
export const obs: Criterion = {
  name: 'obs',
  formula:
    '\\textstyle\\sum_{T \\cup \\{c\\}} \\operatorname{tr} W_c \\, [(X^\\top X + \\lambda I)^{-1}]_{cc}^{-1} \\, W_c^\\top',
  source:
    'Hassibi and Stork, Second Order Derivatives for Network Pruning, NIPS 1992; Kurtić et al., ZipLM, NeurIPS 2023',
  needs: 'images',
  async score({ groups, batches, weights, weightedSum, summed, random, turn }) {
    // Groups that nobody reads are refused.
    const scores = summed(({ channels }) => new Float64Array(channels), readers)
    for (const pass of passes(groups, weightedSum)) {
      const samples = new Map(pass.flatMap(readers).map((layer) => [layer, new LayerSamples(weightedSum(layer))]))
      const draws = new Map([...samples.keys()].map((layer) => [layer, random(layer).uniform]))
      for await (const batch of batches([...samples.keys()], { what: ['activations'] }))
        for (const [layer, own] of samples) await own.add(batch.activations(layer), draws.get(layer)!, turn)
      for (const group of pass) {
        const parts: Elimination[] = []
        for (const layer of group.readers) {
          parts.push(...(await samples.get(layer)!.eliminations(weights(layer), layer.of, turn)))
          samples.delete(layer)
        }
        scores.set(group, await errorsOf(parts, group.channels, turn))
      }
    }
    return scores
  },
}

const unknowns = ({ inChannels, taps }: WeightedSum): number => inChannels * taps

/** Groups whose readers' products fit into memory together. */
function passes(groups: readonly ScoredGroup[], sumOf: (layer: ScoredLayer) => WeightedSum): ScoredGroup[][] {
  const bound = Math.min(passBytes, memoryLimit() / 4)
  const all: ScoredGroup[][] = []
  let held = Number.POSITIVE_INFINITY
  for (const group of groups) {
    let bytes = 0
    for (const layer of group.readers) {
      const sum = sumOf(layer)
      bytes += 8 * sum.groups * unknowns(sum) ** 2
    }
    if (held + bytes > bound) {
      all.push([])
      held = 0
    }
    all.at(-1)!.push(group)
    held += bytes
  }
  return all
}

/** What a layer reads at some places of the images, as products of its inputs d = c·taps + t: of each group of its channels by themselves. */
class LayerSamples {
  readonly #sum: WeightedSum
  readonly #sources: Int32Array
  readonly #squares: readonly Float64Array[]
  readonly #sums: readonly Float64Array[]
  #count = 0

  constructor(sum: WeightedSum) {
    const size = unknowns(sum)
    // Squares, and what one is inverted with.
    askMemory(8 * (sum.groups + 1) * size ** 2, `A criterion that solves for ${size} weights`, 'Take another criterion')
    this.#sum = sum
    this.#sources = sum.sources()
    this.#squares = Array.from({ length: sum.groups }, () => new Float64Array(size ** 2))
    this.#sums = this.#squares.map(() => new Float64Array(size))
  }

  /** @param uniform draws places */
  async add({ data, images, channels, plane }: ChannelValues, uniform: () => number, turn: MatrixTurn): Promise<void> {
    const { places, taps, inChannels } = this.#sum
    const area = plane.reduce((product, d) => product * d, 1)
    const size = unknowns(this.#sum)
    const each = Math.min(places, Math.max(fewestPlaces, Math.ceil(size / inputsPerPlace)))
    const count = images * each
    const at = Array.from({ length: count }, (_, i) => Math.floor((((i % each) + uniform()) * places) / each))
    for (const [g, square] of this.#squares.entries()) {
      await turn()
      const x = new Float64Array(size * count)
      for (let n = 0; n < count; n++)
        for (let t = 0; t < taps; t++) {
          const source = this.#sources[at[n]! * taps + t]!
          if (source < 0) continue
          let from = (Math.floor(n / each) * channels + g * inChannels) * area + source
          for (let d = t; d < size; d += taps, from += area) x[d * count + n] = data[from]!
        }
      const sums = this.#sums[g]!
      for (let d = 0; d < size; d++) for (let n = d * count; n < (d + 1) * count; n++) sums[d] = sums[d]! + x[n]!
      await addProducts({ a: x, b: x, n: size, m: size, terms: count, lower: true }, square, turn)
    }
    this.#count += count
  }

  /**
   * @param rows of each of the layer's channels the weights that read it, output by output
   * @param of which channel of the scored group each of them is
   */
  async eliminations(rows: readonly ArrayLike<number>[], of: Int32Array, turn: MatrixTurn): Promise<Elimination[]> {
    const { taps, inChannels, outChannels } = this.#sum
    const size = unknowns(this.#sum)
    const all: Elimination[] = []
    let energy = 0
    for (const [g, square] of this.#squares.entries()) {
      const sums = this.#sums[g]!
      for (let i = 0; i < size; i++)
        for (let j = 0; j <= i; j++) {
          const value = square[i * size + j]! / this.#count - (sums[i]! * sums[j]!) / this.#count ** 2
          square[i * size + j] = value
          square[j * size + i] = value
        }
      const weights = Float64Array.from({ length: outChannels * size }, (_, at) => {
        const [m, d] = [Math.floor(at / size), at % size]
        return rows[g * inChannels + Math.floor(d / taps)]![m * taps + (d % taps)]!
      })
      const inputs = new Map<number, number[]>()
      for (let d = 0; d < size; d++) {
        const channel = of[g * inChannels + Math.floor(d / taps)]!
        if (channel >= 0) inputs.set(channel, [...(inputs.get(channel) ?? []), d])
      }
      const part = await elimination(square, weights, size, inputs, turn)
      energy += part.energy
      all.push(part)
    }
    for (const part of all) part.energy = energy
    return all
  }
}

/**
 * @param square XᵀX [D, D] of centred X, divided by the samples; from now on it holds G
 * @param weights [M, D]
 * @param inputs of each channel
 */
export async function elimination(
  square: Float64Array,
  weights: Float64Array,
  size: number,
  inputs: ReadonlyMap<number, readonly number[]>,
  turn: MatrixTurn,
): Promise<Elimination> {
  const outputs = weights.length / size
  let [trace, energy] = [0, 0]
  for (let d = 0; d < size; d++) trace += square[d * size + d]!
  const given = new Float64Array(weights.length)
  await addProducts({ a: weights, b: square, n: outputs, m: size, terms: size }, given, turn)
  given.forEach((value, i) => {
    energy += value * weights[i]!
  })
  // Inputs that never change say nothing: then every ridge is as good.
  const lambda = (ridge * trace) / size || 1
  for (let d = 0; d < size; d++) square[d * size + d] = Math.max(0, square[d * size + d]!) + lambda
  if (!(await factorise(square, size, turn)))
    throw new KerfError(
      'not-finite',
      'What a layer reads holds values that are no numbers or too large to be squared. Look at how images become the input (--mean, --std, --scale).',
    )
  await invertFactorised(square, size, turn)
  return new Elimination(square, weights, size, inputs, energy)
}

/** Rows of Z after which G is made anew, of the inputs that are left. */
const mostPending = 64

/** A layer, or a group of its channels, from which inputs are taken. */
export class Elimination {
  /** What it gives, in squares; of a layer of several groups what all of them give. */
  energy: number
  /** G of the inputs that were left when it was made last, the lower half. */
  readonly #inverse: Float64Array
  #size: number
  /** Rows of Z that are still to be taken from G. */
  #pending: Float64Array[] = []
  /** Where each input lies in G; −1: it is gone. */
  readonly #places: Int32Array
  /** Wᵀ [D, M]. */
  readonly #weights: Float64Array
  readonly #outputs: number
  readonly #inputs: ReadonlyMap<number, readonly number[]>

  constructor(
    inverse: Float64Array,
    weights: Float64Array,
    size: number,
    inputs: ReadonlyMap<number, readonly number[]>,
    energy: number,
  ) {
    this.#inverse = inverse
    this.#size = size
    this.#places = Int32Array.from({ length: size }, (_, d) => d)
    this.#outputs = weights.length / size
    this.#weights = transposed(weights, this.#outputs, size)
    this.#inputs = inputs
    this.energy = energy
  }

  /** What the error grows by without a channel, in squares. */
  cost(channel: number): number {
    const own = this.#inputs.get(channel)
    if (!own) return 0
    const [first, ...others] = own
    if (first === undefined || others.length > 0) return squares(this.#solved(own).v)
    // One weight for each output, as in 1×1 layers: nothing is to be solved.
    const m = this.#outputs
    const weights = this.#weights.subarray(first * m, (first + 1) * m)
    return squares(weights) / Math.max(this.#entry(first, first), Number.MIN_VALUE)
  }

  /** Of G, as it is without the inputs that are gone. */
  #entry(c: number, d: number): number {
    const [a, b] = [this.#places[c]!, this.#places[d]!]
    let sum = this.#inverse[Math.max(a, b) * this.#size + Math.min(a, b)]!
    for (const row of this.#pending) sum -= row[a]! * row[b]!
    return sum
  }

  /** Takes a channel, and solves for the weights of the others. */
  async remove(channel: number, turn: MatrixTurn): Promise<void> {
    const own = this.#inputs.get(channel)
    if (!own) return
    const [n, m] = [this.#size, this.#outputs]
    const { l, v } = this.#solved(own)
    const z = new Float64Array(own.length * n)
    own.forEach((d, i) => {
      const row = z.subarray(i * n, (i + 1) * n)
      const place = this.#places[d]!
      row.set(this.#inverse.subarray(place * n, place * n + place + 1))
      for (let j = place + 1; j < n; j++) row[j] = this.#inverse[j * n + place]!
      for (const before of this.#pending) subtract(row, 0, before[place]!, before)
    })
    forward(l, own.length, z, n)
    for (const d of own) this.#places[d] = -1
    for (const [d, place] of this.#places.entries())
      if (place >= 0)
        for (let k = 0; k < own.length; k++)
          subtract(this.#weights, d * m, z[k * n + place]!, v.subarray(k * m, (k + 1) * m))
    for (let k = 0; k < own.length; k++) this.#pending.push(z.subarray(k * n, (k + 1) * n))
    if (this.#pending.length >= mostPending) await this.#update(turn)
  }

  /** G without the inputs that are gone, and without what is pending. */
  async #update(turn: MatrixTurn): Promise<void> {
    const left = this.#places.filter((place) => place >= 0)
    const [old, n, terms] = [this.#size, left.length, this.#pending.length]
    // From the front to the back: what is overwritten has been read.
    for (let i = 0, at = 0; i < n; i++, at = i * n)
      for (let j = 0, from = left[i]! * old; j <= i; j++, at++) this.#inverse[at] = this.#inverse[from + left[j]!]!
    const z = new Float64Array(terms * n)
    for (const [k, row] of this.#pending.entries()) for (let j = 0; j < n; j++) z[k * n + j] = row[left[j]!]!
    const steps = { start: 0, row: 1, term: n }
    const operands = { a: z, b: z, aSteps: steps, bSteps: steps, n, m: n, terms, factor: -1, lower: true }
    await addProducts(operands, this.#inverse, turn)
    this.#pending = []
    this.#size = n
    let next = 0
    for (const [d, place] of this.#places.entries()) if (place >= 0) this.#places[d] = next++
  }

  /** L of G_SS = L·Lᵀ, and V = L⁻¹·W_Sᵀ. */
  #solved(own: readonly number[]): { readonly l: Float64Array; readonly v: Float64Array } {
    const [s, m] = [own.length, this.#outputs]
    const l = new Float64Array(s * s)
    for (let i = 0; i < s; i++)
      for (let j = 0; j <= i; j++) {
        let sum = this.#entry(own[i]!, own[j]!)
        for (let k = 0; k < j; k++) sum -= l[i * s + k]! * l[j * s + k]!
        // The inverse of what is at most the trace has no smaller ones, but for rounding.
        l[i * s + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / l[j * s + j]!
      }
    const v = new Float64Array(s * m)
    own.forEach((d, i) => {
      v.set(this.#weights.subarray(d * m, (d + 1) * m), i * m)
    })
    forward(l, s, v, m)
    return { l, v }
  }
}

/** B ← L⁻¹·B of B [s, m]. */
function forward(l: Float64Array, s: number, b: Float64Array, m: number): void {
  for (let i = 0; i < s; i++) {
    const row = b.subarray(i * m, (i + 1) * m)
    for (let k = 0; k < i; k++) subtract(row, 0, l[i * s + k]!, b.subarray(k * m, (k + 1) * m))
    const factor = 1 / l[i * s + i]!
    for (let o = 0; o < m; o++) row[o] = row[o]! * factor
  }
}

/** A row at `at`, less a factor times another. */
function subtract(a: Float64Array, at: number, factor: number, row: Float64Array): void {
  if (factor !== 0) for (let j = 0; j < row.length; j++) a[at + j] = a[at + j]! - factor * row[j]!
}

/** Of each channel how far the layers are off when it and all that go before it are gone, in parts of what they give, in squares. */
export async function errorsOf(
  parts: readonly Elimination[],
  channels: number,
  turn: MatrixTurn,
): Promise<Float64Array> {
  const errors = new Float64Array(channels)
  const left = new Set(errors.keys())
  let error = 0
  while (left.size > 0) {
    await turn()
    let [least, cost] = [-1, Number.POSITIVE_INFINITY]
    for (const c of left) {
      const own = parts.reduce((sum, part) => sum + part.cost(c) / (part.energy || 1), 0)
      if (least < 0 || own < cost) [least, cost] = [c, own]
    }
    for (const part of parts) await part.remove(least, turn)
    left.delete(least)
    error += cost
    errors[least] = error
  }
  return errors
}
