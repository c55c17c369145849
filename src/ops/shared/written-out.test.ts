import { describe, expect, it } from 'vitest'
import { analyse, float, GraphBuilder, tensorOf } from '../../graph/index.ts'
import { activationAt, operators } from '../index.ts'

type Build = (b: GraphBuilder, x: string, k: (value: number) => string) => string

/** What the output of a graph of one input is recognised as, and how many nodes it takes. */
function found(build: Build, elementType: 'float32' | 'float16' | 'float64' = 'float32', constantShape: number[] = []) {
  const b = new GraphBuilder('g')
  const x = b.input('x', elementType, [2, 3, 4, 4])
  let count = 0
  const k = (value: number) => b.constant(`k${count++}`, tensorOf(elementType, constantShape, [value]))
  b.output(build(b, x, k))
  const analysis = analyse(b.model(), operators)
  const nodes = analysis.model.graph.nodes
  const last = activationAt(analysis, nodes.at(-1)!)
  if (!last) return undefined
  const { opType, inputs, attributes } = last.node
  const alpha = attributes.get('alpha')
  expect(inputs).toEqual(['x'])
  expect(new Set(last.members)).toEqual(new Set(nodes))
  expect(last.members.at(-1)).toBe(nodes.at(-1))
  return alpha?.kind === 'float' ? `${opType} ${alpha.value.toFixed(3)}` : opType
}

const { SQRT2, SQRT1_2 } = Math
const c = Math.sqrt(2 / Math.PI)

/** 1 + erf(x/√2), in four ways. */
const gates: readonly Build[] = [
  (b, x, k) => b.node('Add', [b.node('Erf', [b.node('Div', [x, k(SQRT2)])]), k(1)]),
  (b, x, k) => b.node('Add', [k(1), b.node('Erf', [b.node('Mul', [x, k(SQRT1_2)])])]),
  (b, x, k) => b.node('Add', [b.node('Erf', [b.node('Mul', [k(SQRT1_2), x])]), k(1)]),
  (b, x, k) => {
    const cube = b.node('Mul', [x, b.node('Mul', [x, x])])
    const inner = b.node('Add', [x, b.node('Mul', [k(0.044715), cube])])
    return b.node('Add', [k(1), b.node('Tanh', [b.node('Mul', [k(c), inner])])])
  },
]

/** x · s / 2 */
const halves: readonly ((b: GraphBuilder, x: string, s: string, k: (value: number) => string) => string)[] = [
  (b, x, s, k) => b.node('Mul', [b.node('Mul', [x, s]), k(0.5)]),
  (b, x, s, k) => b.node('Mul', [k(0.5), b.node('Mul', [s, x])]),
  (b, x, s, k) => b.node('Mul', [b.node('Mul', [x, k(0.5)]), s]),
  (b, x, s, k) => b.node('Mul', [s, b.node('Mul', [k(0.5), x])]),
  (b, x, s, k) => b.node('Mul', [x, b.node('Mul', [s, k(0.5)])]),
  (b, x, s, k) => b.node('Mul', [b.node('Div', [s, k(2)]), x]),
  (b, x, s, k) => b.node('Div', [b.node('Mul', [x, s]), k(2)]),
  (b, x, s, k) => b.node('Mul', [b.node('Div', [x, k(2)]), s]),
]

describe('activations that are written out', () => {
  const names = ['Gelu', 'Gelu', 'Gelu', 'FastGelu']
  it.each(gates.flatMap((gate, g) => halves.map((half, h) => [names[g]!, g, h, gate, half] as const)))(
    '%s, gate %i, halved in way %i',
    (name, _g, _h, gate, half) => {
      expect(found((b, x, k) => half(b, x, gate(b, x, k), k))).toBe(name)
      expect(found((b, x, k) => half(b, x, gate(b, x, k), k), 'float16', [1])).toBe(name)
      expect(found((b, x, k) => half(b, x, gate(b, x, k), k), 'float64', [1, 1, 1])).toBe(name)
    },
  )

  const tanh: Record<string, Build> = {
    'x + k·x³': (b, x, k) => b.node('Add', [b.node('Mul', [b.node('Pow', [x, k(3)]), k(0.044715)]), x]),
    'k·x·x²': (b, x, k) => b.node('Add', [x, b.node('Mul', [b.node('Mul', [x, k(0.044715)]), b.node('Mul', [x, x])])]),
    '(1 + k·x²)·x': (b, x, k) => {
      const square = b.node('Mul', [b.node('Mul', [k(0.044715), x]), x])
      return b.node('Mul', [x, b.node('Add', [k(1), square])])
    },
    '(1 + k·x^2)·x': (b, x, k) =>
      b.node('Mul', [b.node('Add', [b.node('Mul', [b.node('Pow', [x, k(2)]), k(0.044715)]), k(1)]), x]),
  }
  it.each(Object.entries(tanh))('the tanh form of %s', (_, bent) => {
    const build: Build = (b, x, k) => {
      const gate = b.node('Add', [b.node('Tanh', [b.node('Mul', [bent(b, x, k), k(c)])]), k(1)])
      return b.node('Mul', [b.node('Mul', [k(0.5), x]), gate])
    }
    expect(found(build)).toBe('FastGelu')
  })

  it('½ + ½·erf', () => {
    const build: Build = (b, x, k) => {
      const erf = b.node('Erf', [b.node('Div', [x, k(SQRT2)])])
      return b.node('Mul', [b.node('Add', [b.node('Mul', [erf, k(0.5)]), k(0.5)]), x])
    }
    expect(found(build)).toBe('Gelu')
  })

  it('products with a sigmoid, and hard ones', () => {
    expect(found((b, x) => b.node('Mul', [x, b.node('Sigmoid', [x])]))).toBe('QuickGelu 1.000')
    expect(found((b, x) => b.node('Mul', [b.node('Sigmoid', [x]), x]))).toBe('QuickGelu 1.000')
    expect(found((b, x, k) => b.node('Mul', [x, b.node('Sigmoid', [b.node('Mul', [x, k(1.702)])])]))).toBe(
      'QuickGelu 1.702',
    )
    const hard = (alpha: number): Build => {
      return (b, x) => b.node('Mul', [x, b.node('HardSigmoid', [x], { alpha: float(alpha), beta: float(0.5) })])
    }
    expect(found(hard(1 / 6))).toBe('HardSwish')
    expect(found(hard(0.2))).toBeUndefined()
    const clipped = (b: GraphBuilder, x: string, k: (value: number) => string) =>
      b.node('Clip', [b.node('Add', [x, k(3)]), k(0), k(6)])
    expect(found((b, x, k) => b.node('Div', [b.node('Mul', [x, clipped(b, x, k)]), k(6)]))).toBe('HardSwish')
    expect(found((b, x, k) => b.node('Mul', [x, b.node('Div', [clipped(b, x, k), k(6)])]))).toBe('HardSwish')
    expect(found((b, x, k) => b.node('Mul', [b.node('Mul', [k(1 / 6), clipped(b, x, k)]), x]))).toBe('HardSwish')
  })

  const usual: Build = (b, x, k) => halves[0]!(b, x, gates[0]!(b, x, k), k)
  it.each<[string, Build, number[]?]>([
    [
      'another factor within',
      (b, x, k) =>
        halves[0]!(
          b,
          x,
          gates[0]!(b, x, () => k(1.41)),
          k,
        ),
    ],
    ['another factor outside', (b, x, k) => halves[0]!(b, x, gates[0]!(b, x, k), () => k(0.50001))],
    ['another value inside', (b, x, k) => halves[0]!(b, x, gates[0]!(b, b.node('Neg', [x]), k), k)],
    [
      'a difference instead of a sum',
      (b, x, k) => {
        const erf = b.node('Erf', [b.node('Div', [x, k(SQRT2)])])
        return b.node('Mul', [b.node('Mul', [x, b.node('Sub', [k(1), erf])]), k(0.5)])
      },
    ],
    [
      'the divided constant',
      (b, x, k) => {
        const erf = b.node('Erf', [b.node('Div', [k(SQRT2), x])])
        return b.node('Mul', [b.node('Mul', [x, b.node('Add', [erf, k(1)])]), k(0.5)])
      },
    ],
    ['a constant of more axes', usual, [1, 1, 1, 1, 1]],
    [
      'a value that is an output, too',
      (b, x, k) => {
        const gate = gates[0]!(b, x, k)
        b.output(gate)
        return halves[0]!(b, x, gate, k)
      },
    ],
    [
      'a value that another node reads',
      (b, x, k) => {
        const gate = gates[0]!(b, x, k)
        b.output(b.node('Neg', [gate]))
        return halves[0]!(b, x, gate, k)
      },
    ],
  ])('not with %s', (_, build, shape) => {
    expect(found(build, 'float32', shape)).toBeUndefined()
  })
})
