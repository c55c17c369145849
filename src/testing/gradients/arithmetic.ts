import { float } from '../../graph/index.ts'
import { type Cases, floats, ints } from '../gradient-check.ts'
import { awayFromCorners, positive } from './draws.ts'

const operands = [
  [2, 3, 4],
  [3, 1],
]

/** Element by element, with broadcasting. */
export const arithmetic: Cases = {
  Add: { op: 'Add', inputs: operands },
  'Add, both broadcast': {
    op: 'Add',
    inputs: [
      [2, 1, 4],
      [3, 1],
    ],
  },
  Sub: { op: 'Sub', inputs: operands },
  'Sub of a number': { op: 'Sub', inputs: [[2, 3], []] },
  Mul: {
    op: 'Mul',
    inputs: [
      [2, 3],
      [2, 1, 3],
    ],
  },
  Div: { op: 'Div', inputs: operands, draw: positive },
  'Div, both broadcast': {
    op: 'Div',
    inputs: [
      [2, 1],
      [1, 3],
    ],
    draw: (random) => -positive(random),
  },
  Pow: { op: 'Pow', inputs: operands, draw: positive },
  'Pow, a square': { op: 'Pow', inputs: [[3, 4], { type: 'float32', shape: [], values: [2] }] },
  'Pow, one exponent for each column, whole numbers': {
    op: 'Pow',
    inputs: [[3, 4], ints(1, 2, 3, -1)],
    draw: awayFromCorners,
  },
  'Pow, broken exponents': { op: 'Pow', inputs: [[3, 2], floats(0.5, -1.5)], draw: positive },
  Neg: { op: 'Neg', inputs: [[2, 3]] },
  Abs: { op: 'Abs', inputs: [[3, 4]], draw: awayFromCorners },
  Sqrt: { op: 'Sqrt', inputs: [[3, 4]], draw: positive },
  Exp: { op: 'Exp', inputs: [[3, 4]] },
  Log: { op: 'Log', inputs: [[3, 4]], draw: positive },
  Clip: {
    op: 'Clip',
    inputs: [[4, 5], { type: 'float32', shape: [], values: [-1] }, { type: 'float32', shape: [], values: [0.5] }],
    draw: awayFromCorners,
  },
  'Clip, its bounds attributes': {
    op: 'Clip',
    opset: 10,
    inputs: [[4, 5]],
    attributes: { min: float(0), max: float(6) },
    draw: awayFromCorners,
  },
  'Clip with a bound that is learnt': {
    op: 'Clip',
    inputs: [[4, 5], '', []],
    values: (random, input, count) =>
      input === 2 ? [0.5] : Array.from({ length: count }, () => awayFromCorners(random)),
  },
  'Clip with bounds that are learnt': {
    op: 'Clip',
    inputs: [[4, 5], [], []],
    values: (random, input, count) =>
      input > 0 ? [input === 1 ? -1 : 0.5] : Array.from({ length: count }, () => awayFromCorners(random)),
  },
  'Clip with bounds that cross': {
    op: 'Clip',
    inputs: [[4, 5], [], []],
    values: (random, input, count) =>
      input > 0 ? [input === 1 ? 0.5 : -1] : Array.from({ length: count }, () => awayFromCorners(random)),
  },
  Identity: { op: 'Identity', inputs: [[2, 3]] },
  Dropout: { op: 'Dropout', inputs: [[2, 3]], outputs: 2, used: [0] },
  'Dropout in training that drops nothing': {
    op: 'Dropout',
    inputs: [[2, 3], { type: 'float32', shape: [], values: [0] }, { type: 'bool', shape: [], values: [1] }],
    outputs: 2,
    used: [0],
  },
  Sum: { op: 'Sum', inputs: [[2, 3], [3], [2, 1]] },
  'Sum of one': { op: 'Sum', inputs: [[2, 3]] },
  Mean: { op: 'Mean', inputs: [[2, 3], [3], [2, 1]] },
  Max: { op: 'Max', inputs: [[3, 4], [4], [3, 1]] },
  'Max of one': { op: 'Max', inputs: [[3, 4]] },
  'Max, the same input twice': { op: 'Max', inputs: [[3, 4], floats(-3, -2, 2, 3), [3, 4]] },
  Min: { op: 'Min', inputs: [[3, 4], [4], [3, 1]] },
  'Mod of floats': {
    op: 'Mod',
    inputs: [[3, 4], [4]],
    attributes: { fmod: 1 },
    values: (random, input, count) =>
      Array.from({ length: count }, () => (input === 0 ? 4 : 1) * (1 + 0.1 * random.uniform()) + (input ? 0 : 0.3)),
  },
  Where: {
    op: 'Where',
    inputs: [{ type: 'bool', shape: [2, 1, 3], values: [1, 0, 1, 0, 0, 1] }, [4, 3], [2, 1, 1]],
  },
  WherePositive: {
    op: 'WherePositive',
    domain: 'ai.kerf',
    inputs: [{ type: 'float32', shape: [2, 1, 3], values: [1, -1, 2, 0, -3, 1] }, [4, 3], [2, 1, 1]],
  },
  Cast: { op: 'Cast', inputs: [[2, 3]], attributes: { to: 11 }, makes: 'float64' },
  CastLike: { op: 'CastLike', inputs: [[2, 3], { type: 'float64', shape: [1], values: [0] }], makes: 'float64' },
}
