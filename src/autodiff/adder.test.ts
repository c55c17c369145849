import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { operatorList } from '../ops/index.ts'
import { hostTensor, referenceRun } from '../runtime/index.ts'
import { type Choices, differentiate } from './index.ts'

/*
 * Surrogate gradients against their formulas, written out as loops that share nothing with the operators:
 *
 *   dW[o,c,i,j] = Σ_{n,y,x} dY[n,o,y,x] · f(X − W)      dX[n,c,h,w] = Σ dY · g(W − X)      dB[o] = Σ dY
 *
 * with f the difference itself or its sign, and g clipped to [−1, 1], itself or its sign. In the padding X is 0.
 */

interface Layer {
  readonly x: readonly [number, number, number, number]
  readonly w: readonly [number, number, number, number]
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number]
  readonly groups: number
}

const layers: Record<string, Layer> = {
  plain: { x: [2, 3, 5, 4], w: [4, 3, 3, 2], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], groups: 1 },
  'strided, unevenly padded, with a rest': {
    x: [2, 2, 6, 7],
    w: [3, 2, 3, 3],
    strides: [2, 3],
    dilations: [1, 1],
    pads: [1, 0, 2, 1],
    groups: 1,
  },
  'in groups, dilated': {
    x: [1, 4, 6, 6],
    w: [6, 2, 2, 3],
    strides: [1, 2],
    dilations: [3, 2],
    pads: [1, 2, 1, 2],
    groups: 2,
  },
  depthwise: { x: [2, 3, 4, 4], w: [3, 1, 3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], groups: 3 },
}

const functions = {
  full: (d: number) => d,
  sign: (d: number) => (d > 0 ? 1 : d < 0 ? -1 : 0),
  clip: (d: number) => (d > 1 ? 1 : d < -1 ? -1 : d),
}

type F = (difference: number) => number

const outputSize = ({ x, w, strides, dilations, pads }: Layer, axis: 0 | 1) =>
  Math.floor(
    (x[2 + axis]! + pads[axis]! + pads[2 + axis]! - (w[2 + axis]! - 1) * dilations[axis] - 1) / strides[axis],
  ) + 1

/** The three gradients by the formulas. */
function byLoops(layer: Layer, X: Float64Array, W: Float64Array, dY: Float64Array, f: F, g: F) {
  const { strides, dilations, pads, groups } = layer
  const [N, C, H, width] = layer.x
  const [O, perGroup, kh, kw] = layer.w
  const [outH, outW] = [outputSize(layer, 0), outputSize(layer, 1)]
  const dX = new Float64Array(X.length)
  const dW = new Float64Array(W.length)
  const dB = new Float64Array(O)
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let y = 0; y < outH; y++)
        for (let x = 0; x < outW; x++) {
          const dy = dY[((n * O + o) * outH + y) * outW + x]!
          dB[o]! += dy
          for (let c = 0; c < perGroup; c++)
            for (let i = 0; i < kh; i++)
              for (let j = 0; j < kw; j++) {
                const channel = Math.floor((o * groups) / O) * perGroup + c
                const h = y * strides[0] + i * dilations[0] - pads[0]
                const v = x * strides[1] + j * dilations[1] - pads[1]
                const inside = h >= 0 && h < H && v >= 0 && v < width
                const at = ((n * C + channel) * H + h) * width + v
                const tap = ((o * perGroup + c) * kh + i) * kw + j
                const difference = (inside ? X[at]! : 0) - W[tap]!
                dW[tap]! += dy * f(difference)
                if (inside) dX[at]! += dy * g(-difference)
              }
        }
  return { dX, dW, dB }
}

/** The three gradients of the loss Σ dY·Y by differentiation. */
function byGraph(layer: Layer, X: Float64Array, W: Float64Array, dY: Float64Array, choices: Choices) {
  const b = new GraphBuilder('adder')
  const [N, O] = [layer.x[0], layer.w[0]]
  const shapes = { x: layer.x, w: layer.w, bias: [O] }
  const inputs = Object.entries(shapes).map(([name, shape]) => b.input(name, 'float32', shape))
  const { strides, dilations, pads, groups: group } = layer
  const y = b.node('AdderConv', inputs, { strides, dilations, pads, group }, { domain: 'ai.kerf' })
  const shape = [N, O, outputSize(layer, 0), outputSize(layer, 1)]
  const product = b.node('Mul', [y, b.input('dy', 'float32', shape)])
  b.output(b.node('ReduceSum', [product], { keepdims: 0 }, { outputs: ['loss'] }))
  const all = new Map([...Object.entries(shapes), ['dy', shape] as const])
  const { model, gradients } = differentiate(b.model(), 'loss', Object.keys(shapes), all, choices)
  const feeds = new Map(
    Object.entries({ x: X, w: W, bias: new Float64Array(O), dy: dY }).map(
      ([name, data]) => [name, hostTensor('float64', all.get(name)!, data)] as const,
    ),
  )
  const wanted = Object.keys(shapes).map((name) => gradients.get(name)!)
  const found = referenceRun(model, feeds, { precision: 'float64', outputs: wanted })
  const [dX, dW, dB] = wanted.map((name) => found.get(name)?.data as Float64Array)
  return { dX: dX!, dW: dW!, dB: dB! }
}

const farthest = (a: Float64Array, b: Float64Array) => {
  expect(a.length).toBe(b.length)
  return a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!)), 0)
}

function draw(layer: Layer) {
  const random = seededRandom(11)
  const normals = (count: number) => Float64Array.from({ length: count }, () => random.normal())
  const count = (shape: readonly number[]) => shape.reduce((p, d) => p * d, 1)
  const outputs = layer.x[0] * layer.w[0] * outputSize(layer, 0) * outputSize(layer, 1)
  return [normals(count(layer.x)), normals(count(layer.w)), normals(outputs)] as const
}

describe.each(Object.entries(layers))('the surrogate gradients of AdderConv are their formulas: %s', (_, layer) => {
  const [X, W, dY] = draw(layer)

  it.each([
    ['by default', {}, functions.full, functions.clip],
    ['full, unclipped', { 'AdderConv.weight': 'full', 'AdderConv.input': 'full' }, functions.full, functions.full],
    ['sign, clipped', { 'AdderConv.weight': 'sign', 'AdderConv.input': 'clip' }, functions.sign, functions.clip],
    ['signs', { 'AdderConv.weight': 'sign', 'AdderConv.input': 'sign' }, functions.sign, functions.sign],
  ] as const)('%s', (_name, choices, f, g) => {
    const expected = byLoops(layer, X, W, dY, f, g)
    const found = byGraph(layer, X, W, dY, choices)
    for (const key of ['dX', 'dW', 'dB'] as const)
      expect(farthest(found[key], expected[key]), key).toBeLessThan(1e-12 * dY.length)
  })

  it('one formula is not another’s', () => {
    const found = byGraph(layer, X, W, dY, {})
    expect(farthest(found.dW, byLoops(layer, X, W, dY, functions.sign, functions.clip).dW)).toBeGreaterThan(0.1)
    expect(farthest(found.dX, byLoops(layer, X, W, dY, functions.full, functions.full).dX)).toBeGreaterThan(0.1)
  })
})

it('clips where input and weight are far apart', () => {
  const b = new GraphBuilder('one')
  const x = b.input('x', 'float32', [1, 1, 1])
  const w = b.constant('w', tensorOf('float32', [1, 1, 1], [5]))
  b.output(b.node('ReduceSum', [b.node('AdderConv', [x, w], {}, { domain: 'ai.kerf' })], {}, { outputs: ['loss'] }))
  const { model, gradients } = differentiate(b.model(), 'loss', ['x'], new Map([['x', [1, 1, 1]]]))
  const name = gradients.get('x')!
  const at = (value: number) =>
    referenceRun(model, new Map([['x', hostTensor('float32', [1, 1, 1], [value])]]), { outputs: [name] }).get(name)
      ?.data[0]
  expect([at(1), at(4.75), at(5), at(9)]).toEqual([1, 0.25, 0, -1])
})

it('no other operator has a surrogate gradient but those that quantise', () => {
  expect(operatorList.filter((o) => o.surrogate).map((o) => o.name)).toEqual([
    'AdderConv',
    'DequantizeLinear',
    'QuantizeLinear',
  ])
})
