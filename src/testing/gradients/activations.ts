import { float } from '../../graph/index.ts'
import type { Case, Cases } from '../gradient-check.ts'
import { awayFromCorners, positive } from './draws.ts'

const of = (op: string, more: Partial<Case> = {}): Case => ({ op, inputs: [[5, 6]], draw: awayFromCorners, ...more })
const inside = (random: { uniform(): number }) => 1.8 * random.uniform() - 0.9

/** Functions of single elements. */
export const activations: Cases = {
  Relu: of('Relu'),
  LeakyRelu: of('LeakyRelu'),
  'LeakyRelu, steeper below': of('LeakyRelu', { attributes: { alpha: float(-1.5) } }),
  PRelu: of('PRelu', {
    inputs: [
      [2, 3, 2, 2],
      [3, 1, 1],
    ],
  }),
  'PRelu, one slope': of('PRelu', { inputs: [[2, 3], [1]] }),
  Elu: of('Elu'),
  'Elu, alpha 0.3': of('Elu', { attributes: { alpha: float(0.3) } }),
  Selu: of('Selu'),
  'Selu, other constants': of('Selu', { attributes: { alpha: float(0.5), gamma: float(2) } }),
  Celu: of('Celu', { attributes: { alpha: float(2.5) } }),
  'Celu, alpha negative': of('Celu', { attributes: { alpha: float(-0.5) } }),
  Sigmoid: of('Sigmoid'),
  HardSigmoid: of('HardSigmoid', { attributes: { alpha: float(1 / 6) } }),
  'HardSigmoid, by default': of('HardSigmoid', { draw: (random) => 2 * random.uniform() - 1 }),
  HardSwish: of('HardSwish'),
  Mish: of('Mish'),
  Swish: of('Swish', { opset: 24 }),
  'Swish, alpha 1.5': of('Swish', { opset: 24, attributes: { alpha: float(1.5) } }),
  Gelu: of('Gelu', { opset: 20 }),
  'Gelu, approximated': of('Gelu', { opset: 20, attributes: { approximate: 'tanh' } }),
  Erf: of('Erf'),
  Softplus: of('Softplus'),
  Softsign: of('Softsign'),
  ThresholdedRelu: of('ThresholdedRelu'),
  'ThresholdedRelu, alpha −0.5': of('ThresholdedRelu', { attributes: { alpha: float(-0.5) } }),
  Tanh: of('Tanh'),
  Sin: of('Sin'),
  Cos: of('Cos'),
  Tan: of('Tan', { draw: inside }),
  Asin: of('Asin', { draw: inside }),
  Acos: of('Acos', { draw: inside }),
  Atan: of('Atan'),
  Sinh: of('Sinh', { draw: inside }),
  Cosh: of('Cosh', { draw: inside }),
  Asinh: of('Asinh'),
  Acosh: of('Acosh', { draw: (random) => 1 + positive(random) }),
  Atanh: of('Atanh', { draw: inside }),
  Reciprocal: of('Reciprocal', { draw: positive }),
}
