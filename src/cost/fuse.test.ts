import { describe, expect, it } from 'vitest'
import { GraphBuilder, tensorOf } from '../graph/index.ts'
import { factList } from '../ops/index.ts'
import { profileModel } from './profile.ts'

const H = 4
const area = H * H

/** A builder with x [1, 8, 4, 4] and short ways to add layers. */
function network() {
  const b = new GraphBuilder('fusing')
  const x = b.input('x', 'float32', [1, 8, H, H])
  const zeros = (name: string, shape: readonly number[]) =>
    b.constant(name, tensorOf('float32', shape, new Float32Array(shape.reduce((p, q) => p * q, 1))))
  return {
    b,
    x,
    conv: (name: string, input: string) =>
      b.node('Conv', [input, zeros(`${name}.w`, [8, 8, 3, 3])], { pads: [1, 1, 1, 1] }, { name }),
    depthwise: (name: string, input: string) =>
      b.node('Conv', [input, zeros(`${name}.w`, [8, 1, 3, 3])], { group: 8, pads: [1, 1, 1, 1] }, { name }),
    pointwise: (name: string, input: string) => b.node('Conv', [input, zeros(`${name}.w`, [8, 8, 1, 1])], {}, { name }),
    bn: (name: string, input: string) =>
      b.node(
        'BatchNormalization',
        [input, ...['g', 'b', 'm', 'v'].map((p) => zeros(`${name}.${p}`, [8]))],
        {},
        { name },
      ),
    relu: (name: string, input: string) => b.node('Relu', [input], {}, { name }),
    fused: (output: string) => {
      b.output(output)
      return profileModel(b.model(), { fused: true })
    },
  }
}

describe('the fused count', () => {
  it('joins convolution, normalization and activation, and leaves out what they pass on', () => {
    const n = network()
    const { layers, totals } = n.fused(n.relu('relu', n.bn('bn', n.conv('conv', n.x))))
    expect(layers).toHaveLength(1)
    expect(layers[0]).toMatchObject({
      name: 'conv + bn + relu',
      op: 'Conv+BatchNormalization+Relu',
      members: ['conv', 'bn', 'relu'],
      inputs: [
        { name: 'x' },
        { name: 'conv.w' },
        { name: 'bn.g' },
        { name: 'bn.b' },
        { name: 'bn.m' },
        { name: 'bn.v' },
      ],
      outputs: [{ name: 'relu_output', shape: [1, 8, H, H] }],
      params: 576 + 16,
      macs: 576 * area,
      reads: 8 * area + 576 + 32,
      writes: 8 * area,
    })
    const apart = profileModel(n.b.model())
    expect(totals).toMatchObject({
      params: apart.totals.params,
      macs: apart.totals.macs,
      adds: apart.totals.adds,
      muls: apart.totals.muls,
    })
    // Two values of 8 × 4 × 4 were written and read.
    expect(apart.totals.accesses - totals.accesses).toBe(4 * 8 * area)
  })

  it('joins depthwise and pointwise, also across what stands between', () => {
    const n = network()
    const { layers } = n.fused(n.relu('r2', n.pointwise('pw', n.relu('r1', n.bn('bn', n.depthwise('dw', n.x))))))
    expect(layers.map((l) => l.name)).toEqual(['dw + bn + r1 + pw + r2'])
  })

  it.each([
    ['pointwise, depthwise', (n: ReturnType<typeof network>) => n.depthwise('b', n.pointwise('a', n.x))],
    ['pointwise, pointwise', (n: ReturnType<typeof network>) => n.pointwise('b', n.pointwise('a', n.x))],
    ['regular, pointwise', (n: ReturnType<typeof network>) => n.pointwise('b', n.conv('a', n.x))],
    ['depthwise, regular', (n: ReturnType<typeof network>) => n.conv('b', n.depthwise('a', n.x))],
    ['activation, convolution', (n: ReturnType<typeof network>) => n.conv('b', n.relu('a', n.x))],
    ['activation, activation', (n: ReturnType<typeof network>) => n.relu('b', n.relu('a', n.x))],
  ])('keeps apart: %s', (_, build) => {
    const n = network()
    expect(n.fused(build(n)).layers.map((l) => l.name)).toEqual(['a', 'b'])
  })

  it('takes one pointwise convolution after a depthwise one, not two', () => {
    const n = network()
    const { layers } = n.fused(n.pointwise('b', n.pointwise('a', n.depthwise('dw', n.x))))
    expect(layers.map((l) => l.name)).toEqual(['dw + a', 'b'])
  })

  it('keeps a value that somebody else reads', () => {
    const n = network()
    const c = n.conv('conv', n.x)
    const { layers } = n.fused(n.b.node('Add', [n.relu('relu', c), c], {}, { name: 'add' }))
    expect(layers.map((l) => l.name)).toEqual(['conv', 'relu', 'add'])
  })

  it('keeps a value that is an output of the graph', () => {
    const n = network()
    const c = n.conv('conv', n.x)
    n.b.output(c)
    expect(n.fused(n.relu('relu', c)).layers.map((l) => l.name)).toEqual(['conv', 'relu'])
  })
})

it('counts with a layer what Kerf’s runtime folds into it, but for sums', () => {
  const folded = factList.filter((o) => o.epilogue)
  expect(folded.map((o) => [o.name, o.fusion]).sort()).toEqual([
    ['Add', undefined],
    ['BatchNormalization', 'follower'],
    ['Clip', 'follower'],
    ['Relu', 'follower'],
    ['Sum', undefined],
  ])
})
