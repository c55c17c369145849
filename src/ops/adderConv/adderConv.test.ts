import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/index.ts'
import { type AttributeValue, GraphBuilder } from '../../graph/index.ts'
import { hostTensor, referenceRun } from '../../runtime/index.ts'

/** −Σ |x − w| by its definition, one output element at a time. */
function element(
  { x, w, groups, strides, dilations, pads }: Layer,
  [n, o, row, column]: readonly [number, number, number, number],
): number {
  const [, inChannels, height, width] = x.shape as [number, number, number, number]
  const [outChannels, groupChannels, kernelHeight, kernelWidth] = w.shape as [number, number, number, number]
  const first = Math.floor(o / (outChannels / groups)) * groupChannels
  let sum = 0
  for (let c = 0; c < groupChannels; c++)
    for (let i = 0; i < kernelHeight; i++)
      for (let j = 0; j < kernelWidth; j++) {
        const h = row * strides[0]! + i * dilations[0]! - pads[0]!
        const v = column * strides[1]! + j * dilations[1]! - pads[1]!
        const inside = h >= 0 && h < height && v >= 0 && v < width
        const value = inside ? x.data[((n * inChannels + first + c) * height + h) * width + v]! : 0
        sum -= Math.abs(value - w.data[((o * groupChannels + c) * kernelHeight + i) * kernelWidth + j]!)
      }
  return sum
}

interface Layer {
  readonly x: { readonly shape: readonly number[]; readonly data: Float32Array }
  readonly w: { readonly shape: readonly number[]; readonly data: Float32Array }
  readonly groups: number
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
}

function run(x: Layer['x'], w: Layer['w'], attributes: Record<string, AttributeValue>) {
  const b = new GraphBuilder('adder')
  b.output(
    b.node('AdderConv', [b.input('x', 'float32', x.shape), b.input('w', 'float32', w.shape)], attributes, {
      domain: 'ai.kerf',
      outputs: ['y'],
    }),
  )
  const feeds = new Map([
    ['x', hostTensor('float32', x.shape, x.data)],
    ['w', hostTensor('float32', w.shape, w.data)],
  ])
  const y = referenceRun(b.model(), feeds).get('y')
  return { shape: y?.shape as number[], data: y?.data as Float32Array }
}

describe('AdderConv', () => {
  it('is the negative L1 distance, and padding counts −|w|', () => {
    const x = { shape: [1, 1, 1, 2], data: Float32Array.of(3, -1) }
    const w = { shape: [1, 1, 1, 3], data: Float32Array.of(1, 2, -4) }
    // |0 − 1| + |3 − 2| + |−1 + 4|, |3 − 1| + |−1 − 2| + |0 + 4|
    expect(run(x, w, { pads: [0, 1, 0, 1] })).toEqual({ shape: [1, 1, 1, 2], data: Float32Array.of(-5, -9) })
  })

  it.each([
    { groups: 1, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] },
    { groups: 2, strides: [2, 1], dilations: [1, 2], pads: [0, 2, 1, 1] },
    { groups: 4, strides: [1, 2], dilations: [2, 1], pads: [2, 0, 2, 0] },
  ])('$groups groups, strides $strides, dilations $dilations, pads $pads', (options) => {
    const random = seededRandom(17)
    const tensor = (...shape: number[]) => ({
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal),
    })
    const x = tensor(2, 4, 7, 6)
    const w = tensor(8, 4 / options.groups, 3, 2)
    const { groups, ...window } = options
    const y = run(x, w, { group: groups, ...window })
    const [batch, channels, height, width] = y.shape as [number, number, number, number]
    const expected: number[] = []
    for (let n = 0; n < batch; n++)
      for (let o = 0; o < channels; o++)
        for (let row = 0; row < height; row++)
          for (let column = 0; column < width; column++)
            expected.push(Math.fround(element({ x, w, ...options }, [n, o, row, column])))
    expect(y.shape.slice(0, 2)).toEqual([2, 8])
    expect(Array.from(y.data)).toEqual(expected)
  })
})
