import type { GradientEmitter, InferredCall } from '../../graph/index.ts'
import { algebra } from './backward.ts'
import { recurrentInputs as at, knownSizes, type RecurrentAttributes, type RecurrentSizes } from './recurrent.ts'
import { emitActivation, type RecurrentActivation } from './recurrent-activations.ts'
import type { CellAlgebra } from './recurrent-cells.ts'

/*
 * A recurrent node as one cell after the other, in nodes: how gradients pass it (backpropagation through time). All values of a direction are
 * [1, N, H]. Where samples have lengths, the other direction works on the samples reversed within them, states wait at a sample's end,
 * and Y is 0 behind it.
 */

export function unrolled(call: InferredCall<RecurrentAttributes>, emit: GradientEmitter): string[] {
  const { directions, samplesFirst, cell } = call.attributes
  const given = call.node.inputs
  const sizes = knownSizes(call)
  const turned = (value: string) => emit.node('Transpose', [value], { perm: [1, 0, 2] })
  const inOrder = (value: string | undefined) => (value && samplesFirst ? turned(value) : value || undefined)
  const x = inOrder(given[at.x])!
  const states = [at.h, at.c].slice(0, cell.states).map((input) => {
    const value = inOrder(given[input])
    return value ? perDirection(call, emit, value) : directions.map(() => emit.zeros([1, sizes.samples, sizes.hidden]))
  })
  const lengths = given[at.lengths] ? new Lengths(emit, given[at.lengths]!, sizes.samples) : undefined
  const runs = directions.map((direction, d) => {
    const run = new Run(call, emit, d, sizes)
    const backwards = direction === 'reverse'
    const reversed = backwards && lengths
    const gates = run.gates(reversed ? lengths.reverse(x) : x)
    const ys: string[] = []
    let state = { h: states[0]?.[d] as string, c: states[1]?.[d] }
    for (let s = 0; s < sizes.steps; s++) {
      const t = backwards && !lengths ? sizes.steps - 1 - s : s
      const made = run.step(
        gates.map((gate) => gate[t]!),
        state,
      )
      const until = (value: string, otherwise: string) => lengths?.within(t, value, otherwise) ?? value
      ys[t] = until(made.h, emit.zeros([1, sizes.samples, sizes.hidden]))
      state = { h: until(made.h, state.h), c: made.c && until(made.c, state.c!) }
    }
    const joined = concatenated(emit, ys, 0)
    return { y: reversed ? lengths.reverse(joined) : joined, state }
  })
  const { steps, samples, hidden } = sizes
  const y = concatenated(
    emit,
    runs.map((run) => emit.reshape(run.y, [steps, 1, samples, hidden])),
    1,
  )
  const finals = [runs.map((run) => run.state.h), runs.map((run) => run.state.c!)]
    .slice(0, cell.states)
    .map((list) => inOrder(concatenated(emit, list, 0))!)
  return [samplesFirst ? emit.node('Transpose', [y], { perm: [2, 0, 1, 3] }) : y, ...finals]
}

const concatenated = (emit: GradientEmitter, values: readonly string[], axis: number): string =>
  values.length === 1 ? values[0]! : emit.node('Concat', values, { axis })

const splitEqually = (emit: GradientEmitter, value: string, axis: number, parts: number, size: number): string[] =>
  parts === 1 ? [value] : emit.split(value, axis, new Array<number>(parts).fill(size))

/** The parts of a tensor whose first axis is the directions. */
const perDirection = (call: InferredCall<RecurrentAttributes>, emit: GradientEmitter, value: string): string[] =>
  splitEqually(emit, value, 0, call.attributes.directions.length, 1)

/** sequence_lens. */
class Lengths {
  readonly #emit: GradientEmitter
  readonly #whole: string
  /** As float32 [1, N, 1]. */
  readonly #floats: string

  constructor(emit: GradientEmitter, value: string, samples: number) {
    this.#emit = emit
    this.#whole = emit.node('Cast', [value], { to: 7 })
    this.#floats = emit.reshape(emit.node('Cast', [value], { to: 1 }), [1, samples, 1])
  }

  /** [T, N, …] with every sample reversed within its length. */
  reverse(value: string): string {
    return this.#emit.node('ReverseSequence', [value, this.#whole], { time_axis: 0, batch_axis: 1 })
  }

  /** For samples that have a step t the one value, for the others the other. */
  within(t: number, value: string, otherwise: string): string {
    const { sub, positive } = algebra(this.#emit)
    return positive(sub(this.#floats, t), value, otherwise)
  }
}

/** One direction. */
class Run {
  readonly #call: InferredCall<RecurrentAttributes>
  readonly #emit: GradientEmitter
  readonly #sizes: RecurrentSizes<number>
  /** Per gate, [1, I, H]. */
  readonly #w: readonly string[]
  readonly #biases: readonly string[] | undefined
  readonly #peepholes: readonly string[] | undefined
  readonly #recurrentBias: string | undefined
  readonly #algebra: CellAlgebra<string>

  constructor(
    call: InferredCall<RecurrentAttributes>,
    emit: GradientEmitter,
    direction: number,
    sizes: RecurrentSizes<number>,
  ) {
    const { cell, variant, clip, activations } = call.attributes
    const { hidden } = sizes
    const own = (input: number): string | undefined => {
      const value = call.node.inputs[input]
      return value ? perDirection(call, emit, value)[direction] : undefined
    }
    const perGate = (input: number) =>
      splitEqually(emit, emit.node('Transpose', [own(input)!], { perm: [0, 2, 1] }), 2, cell.gates, hidden)
    const { add, sub, mul } = algebra(emit)
    const bias = own(at.b)
    const parts = bias === undefined ? undefined : emit.split(bias, 1, new Array(2 * cell.gates).fill(hidden))
    const separate = cell.separateBias(variant)
    const peepholes = own(at.p)
    const r = perGate(at.r)
    this.#call = call
    this.#emit = emit
    this.#sizes = sizes
    this.#w = perGate(at.w)
    this.#biases = parts
      ?.slice(0, cell.gates)
      .map((b, gate) => (gate === separate ? b : add(b, parts[cell.gates + gate]!)))
    this.#recurrentBias = separate === undefined ? undefined : parts?.[cell.gates + separate]
    this.#peepholes = peepholes === undefined ? undefined : emit.split(peepholes, 1, [hidden, hidden, hidden])
    const activate = (which: number, value: string) =>
      emitActivation(activations[direction]?.[which] as RecurrentActivation, emit, value)
    this.#algebra = {
      add,
      mul,
      complement: (a) => sub(1, a),
      activate,
      gate: (which, value) => activate(which, clip === undefined ? value : clipped(emit, value, clip)),
      recur: (h, gate) => emit.node('MatMul', [h, r[gate]!]),
    }
  }

  /** Per gate and step, W·X with the biases. */
  gates(x: string): string[][] {
    const { steps } = this.#sizes
    return this.#w.map((w, gate) => {
      const product = this.#emit.node('MatMul', [x, w])
      const bias = this.#biases?.[gate]
      const sum = bias === undefined ? product : algebra(this.#emit).add(product, bias)
      return splitEqually(this.#emit, sum, 0, steps, 1)
    })
  }

  step(x: readonly string[], { h, c }: { h: string; c: string | undefined }): { h: string; c: string | undefined } {
    const { cell, variant } = this.#call.attributes
    const given = { x, h, c, peepholes: this.#peepholes, recurrentBias: this.#recurrentBias }
    const made = cell.step(given, this.#algebra, variant)
    return { h: made.h, c: made.c }
  }
}

/** max(−limit, min(x, limit)). */
function clipped(emit: GradientEmitter, x: string, limit: number): string {
  return emit.node('Max', [emit.node('Min', [x, emit.floats([limit])]), emit.floats([-limit])])
}
