import type { OperatorFacts, Reference, Training } from '../../graph/index.ts'
import { defineOperator } from '../operator.ts'
import { type RecurrentAttributes, recurrentAttributes, recurrentCost, recurrentInfer } from './recurrent.ts'
import type { Cell } from './recurrent-cells.ts'
import { recurrentChannels } from './recurrent-channels.ts'
import { recurrentForward } from './recurrent-forward.ts'
import { unrolled } from './recurrent-unrolled.ts'

/** A recurrent operator of the standard domain, from its cell. */
export function recurrent<const N extends string>(name: N, cell: Cell): OperatorFacts<RecurrentAttributes, N, ''> {
  return defineOperator({
    name,
    domain: '',
    attributes: (a): RecurrentAttributes => recurrentAttributes(a, cell),
    infer: recurrentInfer,
    cost: recurrentCost,
    // The states that it starts from are none: exporters store zeros there.
    parameters: cell.states === 2 ? [1, 2, 3, 7] : [1, 2, 3],
    fusion: 'anchor',
    channels: recurrentChannels,
  })
}

export const recurrentReference: Reference<RecurrentAttributes> = { forward: recurrentForward }

export const recurrentTraining: Training<RecurrentAttributes> = { unrolled }
