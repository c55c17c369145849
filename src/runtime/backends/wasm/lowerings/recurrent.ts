import { elementCount } from '../../../../base/index.ts'
import {
  recurrentInputs as at,
  attributesOf,
  type CellAlgebra,
  knownSizes,
  type RecurrentActivation,
  type RecurrentAttributes,
  type RecurrentSizes,
  runsWhole,
} from '../../../../ops/index.ts'
import type { BinaryFunction } from '../engine/kernels.generated.ts'
import { unbounded } from '../packing/computed.ts'
import { lowerDense } from '../steps/convolution/layer.ts'
import { lowerBinary, lowerUnary, type Operand } from '../steps/elementwise.ts'
import { lowerCopy, lowerFill } from '../steps/layout.ts'
import type { Step } from '../steps/step.ts'
import { lowerActivation, refusesInfinite } from './elementwise.ts'
import type { Lowering, LoweringContext } from './lowering.ts'
import { placed } from './operands.ts'

/*
 * Recurrent operators: the products with W of all time steps at once, gate by gate, then the cell again and again. Every turn works in the same
 * places, so that the weights R are packed once and its kernels differ only in where X's part is read and Y's is written.
 */

const bytes = Float32Array.BYTES_PER_ELEMENT

export const recurrent: Lowering<RecurrentAttributes> = {
  layout: 'plain',
  refuses: (call) => {
    if (call.outputs.some((known) => elementCount(known?.shape) === 0)) return 'it has no steps or samples'
    if (!runsWhole(call, call.inputs[at.lengths]?.value)) return 'its samples have lengths of their own'
    const parameters = call.attributes.activations.flat().flatMap((a) => (a ? [a, attributesOf(a)] : []))
    return parameters.map(refusesInfinite).find((why) => why)
  },
  lower: (context) =>
    context.call.attributes.directions.flatMap((direction, d) => new Run(context, d).steps(direction === 'reverse')),
}

/** A tensor [N, H] for each direction (and step) in one that has all of them. */
interface Slices {
  /** Elements from one direction, step or sample to the next. */
  readonly direction: number
  readonly step: number
  readonly sample: number
}

/** One direction. */
class Run {
  readonly #context: LoweringContext<RecurrentAttributes>
  readonly #direction: number
  readonly #sizes: RecurrentSizes<number>
  /** Steps of what is being lowered. */
  #steps: Step[] = []
  /** What is made once: products, sums of biases, packed weights. */
  readonly #before: Step[] = []
  /** Where the results of a turn's operations lie, in their order. */
  readonly #places: number[] = []
  #used = 0
  /** By the place of their result: products with R. */
  readonly #products = new Map<number, Step>()

  constructor(context: LoweringContext<RecurrentAttributes>, direction: number) {
    this.#context = context
    this.#direction = direction
    this.#sizes = knownSizes(context.call)
  }

  steps(reverse: boolean): Step[] {
    const { call, alloc } = this.#context
    const { cell, variant } = call.attributes
    const { steps, samples, hidden } = this.#sizes
    const biases = this.#biases()
    const gates = Array.from({ length: cell.gates }, (_, gate) => this.#gate(gate, biases[gate]))
    const state = Array.from({ length: cell.states }, () => alloc.scratch(bytes * samples * hidden))
    state.forEach((place, i) => {
      this.#before.push(...this.#initial(i === 0 ? at.h : at.c, place))
    })
    const [h, c] = state.map((address) => this.#operand(address)) as [Operand, Operand?]
    const peepholes = this.#peepholes()
    const turns: Step[] = []
    for (let s = 0; s < steps; s++) {
      const t = reverse ? steps - 1 - s : s
      this.#used = 0
      this.#steps = []
      const x = gates.map((gate) => this.#at(gate, t))
      const given = { x, h, c, peepholes, recurrentBias: biases[cell.gates] }
      const made = cell.step(given, this.#algebra, variant)
      turns.push(...this.#steps, ...this.#copy(made.h, h))
      if (c && made.c) turns.push(...this.#copy(made.c, c))
      if (call.node.outputs[0]) turns.push(...this.#write(h, 0, t))
    }
    const finals = [h, c].flatMap((value, i) => (value && call.node.outputs[1 + i] ? this.#write(value, 1 + i, 0) : []))
    return [...this.#before, ...turns, ...finals]
  }

  get #whole(): readonly number[] {
    return [this.#sizes.samples, this.#sizes.hidden]
  }

  #operand(address: number): Operand {
    return { address, shape: this.#whole }
  }

  /** Per element of the hidden state. */
  #vector(address: number): Operand {
    return { address, shape: [this.#sizes.hidden] }
  }

  /** Address of this direction's part of an input. */
  #part(input: number, elements: number): number {
    return placed(this.#context, input) + bytes * this.#direction * elements
  }

  /** What is added to each gate's X·W, and behind them what is added to R·h alone; undefined: nothing. */
  #biases(): (Operand | undefined)[] {
    const { call, alloc } = this.#context
    const { cell, variant } = call.attributes
    const { hidden } = this.#sizes
    if (!call.inputs[at.b]) return []
    const all = this.#part(at.b, 2 * cell.gates * hidden)
    const own = (part: number) => this.#vector(all + bytes * part * hidden)
    const separate = cell.separateBias(variant)
    const joined = Array.from({ length: cell.gates }, (_, gate) => {
      if (gate === separate) return own(gate)
      const sum = this.#vector(alloc.scratch(bytes * hidden))
      this.#before.push(...lowerBinary('add', own(gate), own(cell.gates + gate), sum.address, [hidden]))
      return sum
    })
    return [...joined, separate === undefined ? undefined : own(cell.gates + separate)]
  }

  #peepholes(): Operand[] | undefined {
    const { hidden } = this.#sizes
    if (!this.#context.call.inputs[at.p]) return undefined
    const all = this.#part(at.p, 3 * hidden)
    return [0, 1, 2].map((gate) => this.#vector(all + bytes * gate * hidden))
  }

  /** The rows of one gate of W or R: [H, columns]. */
  #weights(input: number, gate: number, columns: number) {
    const { cell } = this.#context.call.attributes
    const { hidden } = this.#sizes
    const elements = hidden * columns
    const from = (this.#direction * cell.gates + gate) * elements
    return (
      this.#context.floats(input)?.subarray(from, from + elements) ?? {
        weights: this.#context.input(input).address + bytes * from,
      }
    )
  }

  /** y = x·weightsᵀ; what comes before the product itself is made once. */
  #product(rows: number, columns: number, x: number, y: number, input: number, gate: number): Step {
    const steps = lowerDense(
      { rows, inFeatures: columns, outFeatures: this.#sizes.hidden },
      {
        x,
        y,
        weights: this.#weights(input, gate, columns),
        transposed: true,
        ...unbounded,
      },
      this.#context.alloc,
    )
    this.#before.push(...steps.slice(0, -1))
    return steps.at(-1)!
  }

  /** X·Wᵀ and its bias, for all steps of all samples. @returns where it lies */
  #gate(gate: number, bias: Operand | undefined): number {
    const { steps, samples, inputs, hidden } = this.#sizes
    const rows = steps * samples
    const y = this.#context.alloc.scratch(bytes * rows * hidden)
    const x = placed(this.#context, at.x)
    this.#before.push(this.#product(rows, inputs, x, y, at.w, gate))
    const shape = [rows, hidden]
    if (bias) this.#before.push(...lowerBinary('add', { address: y, shape }, bias, y, shape))
    return y
  }

  /** One step's part of a gate's sums. */
  #at(gate: number, t: number): Operand {
    const { steps, samples, hidden } = this.#sizes
    const { samplesFirst } = this.#context.call.attributes
    const [step, sample] = samplesFirst ? [hidden, steps * hidden] : [samples * hidden, hidden]
    return { address: gate + bytes * t * step, shape: this.#whole, strides: [sample, 1] }
  }

  /** How an output (or a state at the start) lies in memory. */
  #slices(isState: boolean): Slices {
    const { directions, samplesFirst } = this.#context.call.attributes
    const { steps, samples, hidden } = this.#sizes
    const count = directions.length
    if (samplesFirst) return { direction: hidden, step: count * hidden, sample: (isState ? 1 : steps) * count * hidden }
    return { direction: samples * hidden, step: count * samples * hidden, sample: hidden }
  }

  #initial(input: number, place: number): Step[] {
    const { samples, hidden } = this.#sizes
    if (!this.#context.call.inputs[input]) return lowerFill(place, samples * hidden, 0)
    const { direction, sample } = this.#slices(true)
    const x = placed(this.#context, input) + bytes * this.#direction * direction
    return lowerCopy({ x, y: place, sizes: this.#whole, xStrides: [sample, 1], yStrides: [hidden, 1] })
  }

  #write({ address }: Operand, output: number, t: number): Step[] {
    const { direction, step, sample } = this.#slices(output > 0)
    const y = this.#context.output(output).address + bytes * (this.#direction * direction + t * step)
    return lowerCopy({
      x: address,
      y,
      sizes: this.#whole,
      xStrides: [this.#sizes.hidden, 1],
      yStrides: [sample, 1],
    })
  }

  #copy(from: Operand, to: Operand): Step[] {
    const strides = [this.#sizes.hidden, 1]
    return lowerCopy({ x: from.address, y: to.address, sizes: this.#whole, xStrides: strides, yStrides: strides })
  }

  /** Where the turn's next result lies. */
  #next(): Operand {
    const i = this.#used++
    this.#places[i] ??= this.#context.alloc.scratch(bytes * this.#sizes.samples * this.#sizes.hidden)
    return this.#operand(this.#places[i] as number)
  }

  #made(make: (y: number) => readonly Step[]): Operand {
    const y = this.#next()
    this.#steps.push(...make(y.address))
    return y
  }

  readonly #binary = (f: BinaryFunction) => (a: Operand, b: Operand) =>
    this.#made((y) => lowerBinary(f, a, b, y, this.#whole))

  readonly #unary = (f: Parameters<typeof lowerUnary>[0], x: Operand, a: number, b: number) =>
    this.#made((y) => lowerUnary(f, x.address, y, this.#sizes.samples * this.#sizes.hidden, a, b))

  readonly #activate = (which: number, x: Operand): Operand => {
    const { activations } = this.#context.call.attributes
    const activation = activations[this.#direction]?.[which] as RecurrentActivation
    const { f, inner, outer, shift } = activation
    const count = this.#sizes.samples * this.#sizes.hidden
    return this.#made((y) => [
      ...(inner === 1 ? [] : lowerUnary('linear', x.address, y, count, inner, 0)),
      ...(f ? lowerActivation(f.name, attributesOf(activation), inner === 1 ? x.address : y, y, count) : []),
      ...(outer === 1 && shift === 0 && f
        ? []
        : lowerUnary('linear', f || inner !== 1 ? y : x.address, y, count, outer, shift)),
    ])
  }

  readonly #algebra: CellAlgebra<Operand> = {
    add: this.#binary('add'),
    mul: this.#binary('mul'),
    complement: (a) => this.#unary('linear', a, -1, 1),
    activate: this.#activate,
    gate: (which, x) => {
      const { clip } = this.#context.call.attributes
      return this.#activate(which, clip === undefined ? x : this.#unary('clip', x, -clip, clip))
    },
    recur: (h, gate) => {
      const { samples, hidden } = this.#sizes
      const y = this.#next()
      let product = this.#products.get(y.address)
      if (!product) {
        product = this.#product(samples, hidden, h.address, y.address, at.r, gate)
        this.#products.set(y.address, product)
      }
      this.#steps.push(product)
      return y
    },
  }
}
