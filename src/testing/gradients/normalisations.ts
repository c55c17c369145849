import { float } from '../../graph/index.ts'
import type { Case, Cases } from '../gradient-check.ts'
import { awayFromCorners } from './draws.ts'

const of = (
  op: string,
  inputs: Case['inputs'],
  attributes: Case['attributes'] = {},
  more: Partial<Case> = {},
): Case => ({
  op,
  inputs,
  attributes,
  ...more,
})

/** By statistics of their input. */
export const normalisations: Cases = {
  'BatchNormalization by statistics that are learnt through': of(
    'BatchNormalization',
    [[2, 3, 2, 2], [3], [3], [3], [3]],
    { epsilon: float(0.1) },
    { draw: (r) => 0.5 + r.uniform() },
  ),
  InstanceNormalization: of('InstanceNormalization', [[2, 3, 2, 3], [3], [3]]),
  'InstanceNormalization, 1-D, epsilon 0.1': of('InstanceNormalization', [[1, 2, 4], [2], [2]], {
    epsilon: float(0.1),
  }),
  GroupNormalization: of('GroupNormalization', [[2, 4, 3], [4], [4]], { num_groups: 2 }, { opset: 21 }),
  'GroupNormalization, a scale per group': of(
    'GroupNormalization',
    [[2, 4, 3], [2], [2]],
    { num_groups: 2 },
    { opset: 18 },
  ),
  LayerNormalization: of('LayerNormalization', [[2, 3, 5], [5], [5]]),
  'LayerNormalization over two axes, without bias': of(
    'LayerNormalization',
    [
      [2, 3, 4],
      [3, 4],
    ],
    { axis: 1 },
  ),
  'LayerNormalization, a scale per row, one bias, with its statistics': of(
    'LayerNormalization',
    [[2, 3, 4], [3, 1], [1]],
    {},
    { outputs: 3, used: [0] },
  ),
  RMSNormalization: of('RMSNormalization', [[2, 3, 5], [5]], {}, { opset: 23 }),
  'RMSNormalization over two axes': of(
    'RMSNormalization',
    [
      [2, 3, 2],
      [3, 1],
    ],
    { axis: -2, epsilon: float(0.1) },
    { opset: 23 },
  ),
  LRN: of('LRN', [[2, 5, 2, 2]], { size: 3, alpha: float(0.5) }),
  'LRN, an even size, other constants': of('LRN', [[1, 4, 3]], {
    size: 4,
    alpha: float(0.75),
    beta: float(0.5),
    bias: float(2),
  }),
  'LRN, wider than the channels': of('LRN', [[1, 3, 2]], { size: 7, alpha: float(1) }),
  LpNormalization: of('LpNormalization', [[3, 4]]),
  'LpNormalization, p 1, first axis': of('LpNormalization', [[3, 2]], { p: 1, axis: 0 }, { draw: awayFromCorners }),
  MeanVarianceNormalization: of('MeanVarianceNormalization', [[3, 2, 2, 2]]),
  'MeanVarianceNormalization of everything': of('MeanVarianceNormalization', [[2, 3]], { axes: [0, 1] }),
}
