import type { OperatorFacts, Reference, Training } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { type RecurrentAttributes, recurrentAttributes, recurrentCost, recurrentInfer } from './shared/recurrent.ts'
import { type Cell, gruCell, lstmCell, rnnCell } from './shared/recurrent-cells.ts'
import { recurrentForward } from './shared/recurrent-forward.ts'
import { unrolled } from './shared/recurrent-unrolled.ts'

/** A recurrent operator of the standard domain: its cell, step by step. */
function recurrentOf<const N extends string>(name: N, cell: Cell): OperatorFacts<RecurrentAttributes, N, ''> {
  return defineOperator({
    name,
    inputs: [
      'X: floating',
      'W: floating',
      'R: floating',
      'B?: floating',
      'sequence_lens?: whole',
      'initial_h?: floating',
      'initial_c?: floating',
      'P?: floating',
    ].slice(0, cell.states === 2 ? 8 : 6),
    attributes: (a): RecurrentAttributes => recurrentAttributes(a, cell),
    infer: recurrentInfer,
    cost: recurrentCost,
    // The states that it starts from are none: exporters store zeros there.
    parameters: cell.states === 2 ? [1, 2, 3, 7] : [1, 2, 3],
    fusion: 'anchor',
  })
}

/** ONNX, opset 1, 7, 14, 22. */
export const recurrent = {
  gru: recurrentOf('GRU', gruCell),
  lstm: recurrentOf('LSTM', lstmCell),
  rnn: recurrentOf('RNN', rnnCell),
}

const reference: Reference<RecurrentAttributes> = { forward: recurrentForward }

export const recurrentReference = { gru: reference, lstm: reference, rnn: reference }

const training: Training<RecurrentAttributes> = { unrolled }

export const recurrentTraining = { gru: training, lstm: training, rnn: training }
