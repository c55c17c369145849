import { floats as floatList } from '../../graph/index.ts'
import type { Case, Cases } from '../gradient-check.ts'

const [steps, samples, inputs, hidden] = [3, 2, 2, 2]
const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const

interface Given {
  readonly attributes?: Case['attributes']
  readonly directions?: number
  readonly lengths?: readonly number[]
  /** Beyond X, W and R. */
  readonly with?: string
}

function recurrent(op: keyof typeof gates, given: Given = {}): Case {
  const { directions = 1, lengths } = given
  const g = gates[op]
  const named = (name: string, shape: readonly number[]): readonly number[] | '' =>
    given.with?.includes(name) ? shape : ''
  const fixed = { type: 'int64', shape: [samples], values: lengths ?? [] } as const
  const state = [directions, samples, hidden]
  const all: Case['inputs'] = [
    [steps, samples, inputs],
    [directions, g * hidden, inputs],
    [directions, g * hidden, hidden],
    named('B', [directions, 2 * g * hidden]),
    lengths ? fixed : '',
    named('h', state),
    ...(op === 'LSTM' ? [named('c', state), named('p', [directions, 3 * hidden])] : []),
  ]
  const draw = (random: { normal(): number }) => 0.6 * random.normal()
  return {
    op,
    inputs: all,
    attributes: { hidden_size: hidden, ...given.attributes },
    outputs: op === 'LSTM' ? 3 : 2,
    draw,
  }
}

const both = { direction: 'bidirectional' }

/** Recurrent operators, unrolled. */
export const recurrents: Cases = {
  LSTM: recurrent('LSTM', { with: 'B h c' }),
  'LSTM both ways, with peepholes': recurrent('LSTM', { with: 'B h c p', attributes: both, directions: 2 }),
  'LSTM both ways, lengths': recurrent('LSTM', { with: 'B h c', attributes: both, directions: 2, lengths: [1, 3] }),
  'LSTM, gates coupled': recurrent('LSTM', { with: 'B', attributes: { input_forget: 1 } }),
  'LSTM, other activations': recurrent('LSTM', {
    attributes: {
      activations: ['Softplus', 'ScaledTanh', 'Affine'],
      activation_alpha: floatList([1.2, 0.7]),
      activation_beta: floatList([0.8, 0.1]),
    },
  }),
  GRU: recurrent('GRU', { with: 'B h' }),
  'GRU, linear before reset, in reverse': recurrent('GRU', {
    with: 'B h',
    attributes: { linear_before_reset: 1, direction: 'reverse' },
  }),
  'GRU both ways, lengths': recurrent('GRU', { with: 'B h', attributes: both, directions: 2, lengths: [3, 2] }),
  RNN: recurrent('RNN', { with: 'B h' }),
  'RNN both ways, without biases': recurrent('RNN', { attributes: both, directions: 2 }),
}
