import { type Dim, type Shape, unknownDim } from '../../base/index.ts'
import type { Arithmetic, AttributeReader, Call, Dense, InferredCall, Known } from '../../graph/index.ts'
import { commonType, required, typed, wrong } from './check.ts'
import { contractionCost } from './matrix.ts'
import { sumOf } from './quantised.ts'
import { activationsOf, type RecurrentActivation, recurrentActivations } from './recurrent-activations.ts'
import type { Cell, CellVariant } from './recurrent-cells.ts'

/*
 * The recurrent operators (ONNX RNN, GRU, LSTM; opset 1, 7, 14 with layout, 22): a cell applied to one time step after the other.
 *
 * Inputs 0 X [T, N, I], 1 W [D, G·H, I], 2 R [D, G·H, H], 3 B [D, 2·G·H] (of W, then of R), 4 sequence_lens [N], 5 initial_h [D, N, H], and for
 * LSTM 6 initial_c [D, N, H], 7 P [D, 3·H]. Outputs 0 Y [T, D, N, H], 1 Y_h [D, N, H], and for LSTM 2 Y_c.
 * T steps, N samples, D directions, G gates. With layout 1 the samples come first: X [N, T, I], Y [N, T, D, H], states [N, D, H].
 */

export type Direction = 'forward' | 'reverse'

export interface RecurrentAttributes {
  readonly cell: Cell
  readonly variant: CellVariant
  readonly directions: readonly Direction[]
  /** As the file says it; its shape tells it too. */
  readonly hiddenSize: number | undefined
  /** Per direction; undefined where the file names none that there is. */
  readonly activations: readonly (readonly (RecurrentActivation | undefined)[])[]
  /** Sums of gates are clipped to [−clip, clip]; undefined: they are not. */
  readonly clip: number | undefined
  readonly samplesFirst: boolean
  /** What the file says of the direction and the activations, for messages. */
  readonly said: { readonly direction: string; readonly activations: readonly string[] }
}

/** Inputs by name. */
export const recurrentInputs = { x: 0, w: 1, r: 2, b: 3, lengths: 4, h: 5, c: 6, p: 7 } as const

const directionsOf: Readonly<Record<string, readonly Direction[]>> = {
  forward: ['forward'],
  reverse: ['reverse'],
  bidirectional: ['forward', 'reverse'],
}

export function recurrentAttributes(a: AttributeReader, cell: Cell): RecurrentAttributes {
  const direction = a.string('direction', 'forward')
  const directions = directionsOf[direction.toLowerCase()] ?? []
  const own = a.strings('activations') ?? []
  const names = own.length > 0 ? own : directions.flatMap(() => cell.activations)
  const activations = activationsOf(names, a.floats('activation_alpha') ?? [], a.floats('activation_beta') ?? [])
  const each = cell.activations.length
  const clip = a.float('clip', 0)
  return {
    cell,
    variant: {
      linearBeforeReset: a.flag('linear_before_reset'),
      inputForget: a.flag('input_forget'),
    },
    directions,
    hiddenSize: a.size('hidden_size'),
    activations: directions.map((_, d) => activations.slice(d * each, (d + 1) * each)),
    clip: clip > 0 ? clip : undefined,
    samplesFirst: a.flag('layout'),
    said: { direction, activations: names },
  }
}

/** The sizes that inputs and outputs speak of; `number` where all are known. */
export interface RecurrentSizes<D extends Dim = Dim> {
  readonly steps: D
  readonly samples: D
  readonly inputs: D
  readonly hidden: D
}

/** @throws NodeError where inputs and attributes do not fit together */
export function recurrentSizes(call: Call<RecurrentAttributes>): RecurrentSizes {
  const { cell, directions, hiddenSize, samplesFirst, said, activations } = call.attributes
  if (directions.length === 0)
    throw wrong(
      call,
      `direction is "${said.direction}"`,
      'It should be forward, reverse or bidirectional: export the model again.',
    )
  if (said.activations.length !== directions.length * cell.activations.length)
    throw wrong(
      call,
      `it names ${said.activations.length} activations, where it needs ${directions.length * cell.activations.length}`,
      'Export the model again.',
    )
  const unknown = activations.flat().indexOf(undefined)
  if (unknown >= 0)
    throw wrong(
      call,
      `there is no activation "${said.activations[unknown]}"`,
      `There are ${recurrentActivations.join(', ')}.`,
    )
  const x = required(call, 0).shape
  const [w, r] = [required(call, 1).shape, required(call, 2).shape]
  const fits = (what: string, shape: Shape | undefined, wanted: readonly (Dim | undefined)[]) => {
    const differs = (d: Dim, axis: number) =>
      typeof d === 'number' && typeof wanted[axis] === 'number' && d !== wanted[axis]
    if (shape && (shape.length !== wanted.length || shape.some(differs)))
      throw wrong(
        call,
        `${what} is [${shape}], where [${wanted.map((d) => (typeof d === 'number' ? d : '?'))}] is needed`,
        'Export the model again.',
      )
  }
  fits('X', x, [undefined, undefined, undefined])
  const hidden = r?.[2] ?? hiddenSize ?? unknownDim()
  if (typeof hidden === 'number' && hiddenSize !== undefined && hiddenSize !== hidden)
    throw wrong(call, `hidden_size is ${hiddenSize} and R [${r}] is for ${hidden}`, 'Export the model again.')
  const times = (n: number) => (typeof hidden === 'number' ? n * hidden : undefined)
  const [steps, samples] = samplesFirst ? [x?.[1], x?.[0]] : [x?.[0], x?.[1]]
  const count = directions.length
  fits('W', w, [count, times(cell.gates), x?.[2]])
  fits('R', r, [count, times(cell.gates), hidden])
  fits('B', call.inputs[3]?.shape, [count, times(2 * cell.gates)])
  fits('sequence_lens', call.inputs[4]?.shape, [samples])
  const state = samplesFirst ? [samples, count, hidden] : [count, samples, hidden]
  fits('initial_h', call.inputs[5]?.shape, state)
  if (cell.states === 2) {
    fits('initial_c', call.inputs[6]?.shape, state)
    fits('P', call.inputs[7]?.shape, [count, times(3)])
  }
  return {
    steps: steps ?? unknownDim(),
    samples: samples ?? unknownDim(),
    inputs: x?.[2] ?? w?.[2] ?? unknownDim(),
    hidden,
  }
}

/** The same of a call whose inputs' shapes are all known. */
export const knownSizes = (call: Call<RecurrentAttributes>): RecurrentSizes<number> =>
  recurrentSizes(call) as RecurrentSizes<number>

export function recurrentInfer(call: Call<RecurrentAttributes>): Known[] {
  const { cell, directions, samplesFirst } = call.attributes
  const type = commonType(call, [0, 1, 2, 3, 5, 6, 7])
  const { steps, samples, hidden } = recurrentSizes(call)
  const count = directions.length
  const known = required(call, 0).shape !== undefined
  const state = typed(type, known ? (samplesFirst ? [samples, count, hidden] : [count, samples, hidden]) : undefined)
  const y = typed(
    type,
    known ? (samplesFirst ? [samples, steps, count, hidden] : [steps, count, samples, hidden]) : undefined,
  )
  return [y, ...Array.from({ length: cell.states }, () => state)]
}

/**
 * Cost of all steps of all samples, whatever sequence_lens says: what `step` does to each element of the hidden state, a product with W and one
 * with R per gate, the gate's bias as one addition (of W and of R together), an activation as one function value, clipping as two comparisons.
 */
export function recurrentCost(call: InferredCall<RecurrentAttributes>): Arithmetic {
  const { cell, variant, clip, directions } = call.attributes
  const { steps, samples, inputs, hidden } = knownSizes(call)
  const elements = steps * samples * directions.length * hidden
  let total: Arithmetic = {}
  const count = (arithmetic: Arithmetic) => {
    total = sumOf(total, arithmetic)
    return null
  }
  const add = () => count({ adds: elements })
  const mul = () => count({ muls: elements })
  const activate = () => count({ others: elements })
  const gate = () => count({ others: elements * (clip === undefined ? 1 : 3) })
  const recur = () => count(contractionCost(elements, hidden))
  const biased = call.inputs[recurrentInputs.b] !== undefined
  for (let gate = 0; gate < cell.gates; gate++) {
    count(contractionCost(elements, inputs))
    if (biased) add()
  }
  cell.step<null>(
    {
      x: new Array(cell.gates).fill(null),
      h: null,
      c: null,
      peepholes: call.inputs[recurrentInputs.p] ? [null, null, null] : undefined,
      recurrentBias: biased && cell.separateBias(variant) !== undefined ? null : undefined,
    },
    { add, mul, complement: add, activate, gate, recur },
    variant,
  )
  return total
}

/** Whether every sample is as long as the longest: no lengths, or known ones that say so. */
export function runsWhole(call: Call<RecurrentAttributes>, lengths: Dense | undefined): boolean {
  const { steps } = recurrentSizes(call)
  if (!call.inputs[recurrentInputs.lengths]) return true
  return lengths !== undefined && Array.from(lengths.data).every((length) => length === steps)
}
