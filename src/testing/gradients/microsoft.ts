import { float, floats } from '../../graph/index.ts'
import type { Case, Cases } from '../gradient-check.ts'

const domain = 'com.microsoft'

const of = (op: string, inputs: Case['inputs'], attributes: Case['attributes'] = {}): Case => ({
  op,
  domain,
  inputs,
  attributes,
})

/** Operators of the domain com.microsoft: those with rules of their own, and those that stand for others. */
export const microsoft: Cases = {
  'FusedConv, Sigmoid': of('FusedConv', [[1, 2, 4, 4], [3, 2, 3, 3], [3]], {
    activation: 'Sigmoid',
    pads: [1, 1, 1, 1],
  }),
  'FusedConv with a sum, HardSigmoid': of('FusedConv', [[1, 2, 3, 3], [2, 1, 2, 2], [2], [1, 2, 2, 2]], {
    activation: 'HardSigmoid',
    activation_params: floats([0.1, 0.5]),
    group: 2,
  }),
  'FusedGemm, Tanh': of('FusedGemm', [[2, 4], [3, 4], [3]], { activation: 'Tanh', transB: 1, alpha: float(0.5) }),
  'FusedGemm, Elu': of(
    'FusedGemm',
    [
      [2, 4],
      [4, 3],
    ],
    { activation: 'Elu', activation_alpha: float(0.6) },
  ),
  'FusedMatMul, turned, rows first': of(
    'FusedMatMul',
    [
      [3, 2, 4],
      [2, 5, 4],
    ],
    { transBatchA: 1, transB: 1, alpha: float(0.5) },
  ),
  'com.microsoft Gelu': of('Gelu', [[2, 3]]),
  BiasGelu: of('BiasGelu', [[2, 3], [3]]),
  FastGelu: of('FastGelu', [[2, 3]]),
  'FastGelu with a bias': of('FastGelu', [[2, 3], [3]]),
  QuickGelu: of('QuickGelu', [[2, 3]]),
  SkipLayerNormalization: of('SkipLayerNormalization', [[2, 2, 4], [2, 2, 4], [4], [4], [4]], { epsilon: float(1e-5) }),
}
