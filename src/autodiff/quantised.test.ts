import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../base/index.ts'
import { type AttributeValue, GraphBuilder, type Tensor, tensorOf } from '../graph/index.ts'
import { hostTensor, referenceRun } from '../runtime/index.ts'
import { differentiate } from './index.ts'

/*
 * The straight-through gradient of QuantizeLinear and DequantizeLinear against its formula in src/ops/shared/quantised-backward.ts.
 */

const shape = [2, 3, 4] as const
const count = 24

interface Quantiser {
  readonly scale: Tensor
  readonly zero?: Tensor
  readonly range: readonly [number, number]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly opset?: number
}

const quantisers: Readonly<Record<string, Quantiser>> = {
  'one scale, uint8 by default': { scale: tensorOf('float32', [], [0.01]), range: [0, 255] },
  'one scale, int8 with a zero point': {
    scale: tensorOf('float32', [], [0.01]),
    zero: tensorOf('int8', [], [-20]),
    range: [-128, 127],
  },
  'a scale per channel': {
    scale: tensorOf('float32', [3], [0.01, 0.02, 0.004]),
    zero: tensorOf('uint8', [3], [128, 100, 0]),
    range: [0, 255],
    attributes: { axis: 1 },
  },
  'a scale per place of the last axis': {
    scale: tensorOf('float32', [4], [0.01, 0.02, 0.004, 0.05]),
    zero: tensorOf('int8', [4], [0, 0, 5, 0]),
    range: [-128, 127],
    attributes: { axis: -1 },
  },
  'one scale in a vector, opset 10': {
    scale: tensorOf('float32', [1], [0.02]),
    zero: tensorOf('uint8', [1], [30]),
    range: [0, 255],
    opset: 10,
  },
}

/** Loss: Σ r·pair(x). Returns dL/dx, and what the formula says. */
function gradients({ scale, zero, range, attributes, opset = 17 }: Quantiser, x: Float32Array, r: Float32Array) {
  const b = new GraphBuilder('net', opset)
  const parameters = [b.constant('scale', scale), ...(zero ? [b.constant('zero', zero)] : [])]
  const codes = b.node('QuantizeLinear', [b.input('x', 'float32', shape), ...parameters], attributes, { name: 'q' })
  const y = b.node('DequantizeLinear', [codes, ...parameters], attributes, { name: 'dq' })
  const weighted = b.node('Mul', [y, b.constant('r', tensorOf('float32', shape, Array.from(r)))])
  b.output(
    b.node('ReduceSum', [weighted], { keepdims: 0, ...(opset < 13 && { axes: [0, 1, 2] }) }, { outputs: ['loss'] }),
  )
  const { model, gradients, unreached } = differentiate(b.model(), 'loss', ['x'], new Map([['x', shape]]))
  expect(unreached).toEqual([])
  const name = gradients.get('x')!
  const got = referenceRun(model, new Map([['x', hostTensor('float32', shape, x)]]), { outputs: [name] }).get(name)
  const [scales, zeros] = [scale, zero].map((t) => (t ? read(t) : [0])) as [number[], number[]]
  const along = (values: number[], i: number) => {
    if (values.length === 1) return values[0]!
    return values[values.length === 3 ? Math.floor(i / 4) % 3 : i % 4]!
  }
  const want = Array.from(x, (v, i) => {
    const code = v / along(scales, i) + along(zeros, i)
    return code > range[0] - 0.5 && code < range[1] + 0.5 ? r[i]! : 0
  })
  return { got: Array.from(got?.data as Float32Array), want }
}

const read = (t: Tensor): number[] => {
  const bytes = t.data.bytes()
  const at = new DataView(bytes.buffer, bytes.byteOffset)
  if (t.elementType === 'float32') return Array.from({ length: bytes.length / 4 }, (_, i) => at.getFloat32(4 * i, true))
  return Array.from(bytes, (_, i) => (t.elementType === 'int8' ? at.getInt8(i) : at.getUint8(i)))
}

const draw = (random: Random, spread: number) => Float32Array.from({ length: count }, () => spread * random.normal())

describe('a pair of QuantizeLinear and DequantizeLinear', () => {
  it.each(Object.entries(quantisers))('passes the gradient inside the range, none outside: %s', (_, quantiser) => {
    const random = seededRandom(3)
    const { got, want } = gradients(quantiser, draw(random, 2), draw(random, 1))
    expect(want.some((g) => g === 0)).toBe(true)
    expect(want.some((g) => g !== 0)).toBe(true)
    got.forEach((g, i) => {
      expect(g).toBeCloseTo(want[i]!, 5)
    })
  })

  it('the range ends where a value would be rounded to a code that there is not', () => {
    const quantiser: Quantiser = { scale: tensorOf('float32', [], [0.5]), range: [0, 255] }
    const x = new Float32Array(count).fill(10)
    x.set([-0.2, -0.3, 127.6, 127.8])
    const r = new Float32Array(count).fill(1)
    expect(gradients(quantiser, x, r).got.slice(0, 5)).toEqual([1, 0, 1, 0, 1])
  })

  it('alone: per unit of the codes', () => {
    const b = new GraphBuilder('net')
    const scale = b.constant('scale', tensorOf('float32', [], [0.25]))
    const codes = b.input('codes', 'float32', [2])
    const y = b.node('DequantizeLinear', [
      b.node('QuantizeLinear', [codes, scale]),
      b.constant('other', tensorOf('float32', [], [2])),
    ])
    b.output(b.node('ReduceSum', [y], { keepdims: 0 }, { outputs: ['loss'] }))
    const { model, gradients } = differentiate(b.model(), 'loss', ['codes'], new Map([['codes', [2]]]))
    const name = gradients.get('codes')!
    const feeds = new Map([['codes', hostTensor('float32', [2], [3, -1])]])
    // One more unit of x is four codes more, and a code is 2.
    expect(Array.from(referenceRun(model, feeds, { outputs: [name] }).get(name)?.data as Float32Array)).toEqual([8, 0])
  })

  it('says what it does not pass', () => {
    const blocked = (type: 'float32', blockSize: number) => () => {
      const b = new GraphBuilder('net', 21)
      const scale = b.constant('scale', tensorOf(type, [2, 2], [1, 1, 1, 1]))
      const y = b.node(
        'QuantizeLinear',
        [b.input('x', 'float32', [2, 4]), scale],
        { axis: 1, block_size: blockSize },
        { name: 'q' },
      )
      const back = b.node('DequantizeLinear', [y, scale], { axis: 1, block_size: blockSize }, { name: 'dq' })
      b.output(b.node('ReduceSum', [back], { keepdims: 0 }, { outputs: ['loss'] }))
      return differentiate(b.model(), 'loss', ['x'], new Map([['x', [2, 4]]]))
    }
    expect(blocked('float32', 2)).toThrow(
      'DequantizeLinear "dq": no gradient passes where blocks of elements have scales of their own',
    )
  })
})

describe('values that no gradient reaches are named, and where it ends', () => {
  const net = (make: (b: GraphBuilder, x: string, w: string) => string) => {
    const b = new GraphBuilder('net')
    const y = make(b, b.input('x', 'float32', [3]), b.input('w', 'float32', [3]))
    b.output(b.node('ReduceSum', [y], { keepdims: 0 }, { outputs: ['loss'] }))
    const shapes = new Map([
      ['x', [3]],
      ['w', [3]],
    ])
    return differentiate(b.model(), 'loss', ['x', 'w'], shapes).unreached
  }
  it.each([
    [
      'Round',
      (b: GraphBuilder, x: string, w: string) => b.node('Add', [x, b.node('Round', [w], {}, { name: 'flat' })]),
    ],
    [
      'Cast',
      (b: GraphBuilder, x: string, w: string) =>
        b.node('Add', [
          x,
          b.node('Cast', [b.node('Cast', [w], { to: 6 }, { name: 'whole' })], { to: 1 }, { name: 'flat' }),
        ]),
    ],
  ])('%s', (opType, make) => {
    expect(net(make)).toEqual([{ value: 'w', endsAt: { opType, node: 'flat' } }])
  })
  it('no way to the loss at all', () => {
    expect(net((b, x) => b.node('Mul', [x, x]))).toEqual([{ value: 'w', endsAt: undefined }])
  })
  it('not where another way is left', () => {
    expect(net((b, x, w) => b.node('Add', [b.node('Mul', [x, w]), b.node('Round', [w])]))).toEqual([])
  })
})
