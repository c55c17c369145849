import { isConcrete } from '../../base/index.ts'
import type { Call, Dense } from '../../graph/index.ts'
import { wrong } from './check.ts'
import { type Matrix, multiply } from './matrix-forward.ts'
import { arithmetic, doubles } from './numbers.ts'
import { knownSizes, type RecurrentAttributes, type RecurrentSizes, recurrentInputs } from './recurrent.ts'
import { activationFunction } from './recurrent-activations.ts'
import type { CellAlgebra } from './recurrent-cells.ts'

/*
 * The scalar reference of recurrent operators: sample by sample and direction by direction, a cell on vectors of doubles. Sample n has
 * sequence_lens[n] steps, and the other direction goes through these from the last to the first; Y is 0 behind them.
 */

type Vector = Float64Array

const zip = (f: (a: number, b: number) => number) => (a: Vector, b: Vector) => a.map((v, i) => f(v, b[i]!))

export function recurrentForward(call: Call<RecurrentAttributes>, inputs: readonly (Dense | undefined)[]): Dense[] {
  const given = inputs.map((input) => input && doubles(input))
  const [x, w, r, b] = given
  if (!x || !w || !r || !isConcrete(x.shape)) return []
  const { cell, directions, samplesFirst } = call.attributes
  const sizes = knownSizes(call)
  const lengths = lengthsOf(call, inputs[recurrentInputs.lengths], sizes)
  const count = directions.length
  const y = new Float64Array(sizes.steps * sizes.samples * count * sizes.hidden)
  const finals = Array.from({ length: cell.states }, () => new Float64Array(sizes.samples * count * sizes.hidden))
  const rowOf = (t: number, n: number) => (samplesFirst ? n * sizes.steps + t : t * sizes.samples + n)
  const stateAt = (d: number, n: number) => (samplesFirst ? n * count + d : d * sizes.samples + n) * sizes.hidden
  const yAt = (t: number, d: number, n: number) =>
    (samplesFirst ? (n * sizes.steps + t) * count + d : (t * count + d) * sizes.samples + n) * sizes.hidden
  for (let d = 0; d < count; d++) {
    const layer = new Layer(call.attributes, d, sizes, {
      x: x.data,
      w: w.data,
      r: r.data,
      b: b?.data,
      p: given[7]?.data,
    })
    for (let n = 0; n < sizes.samples; n++) {
      const initial = (input: number): Vector => {
        const at = stateAt(d, n)
        return given[input]?.data.slice(at, at + sizes.hidden) ?? new Float64Array(sizes.hidden)
      }
      let state = { h: initial(recurrentInputs.h), c: cell.states === 2 ? initial(recurrentInputs.c) : undefined }
      const length = lengths[n]!
      for (let s = 0; s < length; s++) {
        const t = directions[d] === 'reverse' ? length - 1 - s : s
        state = layer.step(rowOf(t, n), state)
        y.set(state.h, yAt(t, d, n))
      }
      finals[0]?.set(state.h, stateAt(d, n))
      if (state.c) finals[1]?.set(state.c, stateAt(d, n))
    }
  }
  const type = inputs[0]!.elementType
  const [outer, inner] = samplesFirst ? [sizes.samples, sizes.steps] : [sizes.steps, sizes.samples]
  const yShape = samplesFirst ? [outer, inner, count, sizes.hidden] : [outer, count, inner, sizes.hidden]
  const stateShape = samplesFirst ? [sizes.samples, count, sizes.hidden] : [count, sizes.samples, sizes.hidden]
  return [
    arithmetic(type, { shape: yShape, data: y }),
    ...finals.map((data) => arithmetic(type, { shape: stateShape, data })),
  ]
}

function lengthsOf(
  call: Call,
  lengths: Dense | undefined,
  { steps, samples }: RecurrentSizes<number>,
): readonly number[] {
  if (!lengths) return new Array<number>(samples).fill(steps)
  const wanted = Array.from(lengths.data)
  const odd = wanted.find((length) => length < 0 || length > steps)
  if (odd !== undefined)
    throw wrong(call, `sequence_lens says ${odd} steps of ${steps}`, 'Give lengths from 0 to the number of steps.')
  return wanted
}

interface Weights {
  readonly x: Vector
  readonly w: Vector
  readonly r: Vector
  readonly b: Vector | undefined
  readonly p: Vector | undefined
}

/** One direction. */
class Layer {
  readonly #attributes: RecurrentAttributes
  readonly #hidden: number
  /** W·X with the biases, for all steps of all samples: [rows, G·H]. */
  readonly #gates: Vector
  readonly #peepholes: readonly Vector[] | undefined
  readonly #recurrentBias: Vector | undefined
  readonly #algebra: CellAlgebra<Vector>

  constructor(
    attributes: RecurrentAttributes,
    direction: number,
    { steps, samples, inputs: width, hidden }: RecurrentSizes<number>,
    { x, w, r, b, p }: Weights,
  ) {
    const { cell, variant, clip } = attributes
    const columns = cell.gates * hidden
    const part = (data: Vector, index: number, size: number): Vector => data.subarray(index * size, (index + 1) * size)
    const matrix = (data: Vector, from: number, row: number): Matrix => ({ data, start: from * row, row, column: 1 })
    const turned = (m: Matrix): Matrix => ({ ...m, row: m.column, column: m.row })
    const biases = b && part(b, direction, 2 * columns)
    const separate = cell.separateBias(variant)
    this.#attributes = attributes
    this.#hidden = hidden
    this.#gates = new Float64Array(steps * samples * columns)
    const rows = { m: steps * samples, k: width, n: columns }
    multiply(matrix(x, 0, width), turned(matrix(w, direction * columns, width)), rows, this.#gates)
    if (biases)
      for (let i = 0; i < this.#gates.length; i++) {
        const column = i % columns
        const own = Math.floor(column / hidden) === separate ? 0 : biases[columns + column]!
        this.#gates[i] = this.#gates[i]! + biases[column]! + own
      }
    this.#recurrentBias = biases && separate !== undefined ? part(biases, cell.gates + separate, hidden) : undefined
    this.#peepholes = p && [0, 1, 2].map((i) => part(p, 3 * direction + i, hidden))
    const functions = attributes.activations[direction]?.map((a) => a && activationFunction(a)) ?? []
    const activate = (which: number, v: Vector) => functions[which]!(v)
    this.#algebra = {
      add: zip((a, c) => a + c),
      mul: zip((a, c) => a * c),
      complement: (a) => a.map((v) => 1 - v),
      activate,
      gate: (which, v) => activate(which, clip === undefined ? v : v.map((e) => Math.max(-clip, Math.min(clip, e)))),
      recur: (h, gate) => {
        const y = new Float64Array(hidden)
        const from = direction * columns + gate * hidden
        multiply(matrix(h, 0, hidden), turned(matrix(r, from, hidden)), { m: 1, k: hidden, n: hidden }, y)
        return y
      },
    }
  }

  step(row: number, { h, c }: { h: Vector; c: Vector | undefined }): { h: Vector; c: Vector | undefined } {
    const { cell, variant } = this.#attributes
    const size = this.#hidden
    const x = Array.from({ length: cell.gates }, (_, gate) => {
      const at = (row * cell.gates + gate) * size
      return this.#gates.subarray(at, at + size)
    })
    const given = { x, h, c, peepholes: this.#peepholes, recurrentBias: this.#recurrentBias }
    const made = cell.step(given, this.#algebra, variant)
    return { h: made.h, c: made.c }
  }
}
