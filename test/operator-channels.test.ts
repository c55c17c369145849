// What operators that move, join and cut data say about channels: a small network around each, half of its filters removed, must give
// the same outputs as with these filters masked. ONNX Runtime runs both.

import { expect, it } from 'vitest'
import { seededRandom } from '../src/base/index.ts'
import { type AttributeValue, GraphBuilder, type Model, type NodeOptions, tensorOf } from '../src/graph/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { pruneModel } from '../src/prune/index.ts'
import { describeOrt, randomTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs } from '../src/testing/outputs.ts'

/** A network under construction, whose input x is [N, 3, 6, 6]. */
class Net {
  readonly b: GraphBuilder
  readonly #random = seededRandom(7)
  #n = 0

  constructor(opset: number) {
    this.b = new GraphBuilder('net', opset)
    this.b.input('x', 'float32', ['N', 3, 6, 6])
  }

  floats(...shape: number[]): string {
    const count = shape.reduce((p, d) => p * d, 1)
    return this.b.constant(
      `f${this.#n++}`,
      tensorOf(
        'float32',
        shape,
        Float32Array.from({ length: count }, () => 0.5 * this.#random.normal()),
      ),
    )
  }

  ints(...values: number[]): string {
    return this.b.ints(`i${this.#n++}`, values)
  }

  ints32(...values: number[]): string {
    return this.b.constant(`i${this.#n++}`, tensorOf('int32', [values.length], values))
  }

  scalar(value: number): string {
    return this.b.constant(`s${this.#n++}`, tensorOf('int64', [], [value]))
  }

  conv(x: string, from: number, to: number): string {
    return this.b.node('Conv', [x, this.floats(to, from, 3, 3), this.floats(to)], {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
    })
  }

  linear(x: string, from: number, to = 3): string {
    return this.b.node('Gemm', [x, this.floats(to, from), this.floats(to)], { transB: 1 })
  }

  node(
    opType: string,
    inputs: string[],
    attributes: Record<string, AttributeValue> = {},
    options: NodeOptions = {},
  ): string {
    return this.b.node(opType, inputs, attributes, options)
  }

  /** The mean over space, [N, C, 1, 1]. */
  pooled(x: string): string {
    return this.node('GlobalAveragePool', [x])
  }

  /** One entry of a shape, as exporters write it. */
  size(x: string, axis: number): string {
    return this.node('Gather', [this.node('Shape', [x]), this.scalar(axis)])
  }

  /** A vector of sizes, some computed. */
  vector(...parts: (number | string)[]): string {
    const entries = parts.map((p) => (typeof p === 'number' ? this.ints(p) : this.node('Unsqueeze', [p, this.ints(0)])))
    return this.node('Concat', entries, { axis: 0 })
  }

  /** Scale, bias, mean and variance, of positive numbers. */
  vectors(size: number): string[] {
    return [1, 2, 3, 4].map(() => this.node('Abs', [this.floats(size)]))
  }

  parts(opType: string, inputs: string[], attributes: Record<string, AttributeValue>, count: number): string[] {
    const outputs = Array.from({ length: count }, () => `part${this.#n++}`)
    this.b.node(opType, inputs, attributes, { outputs })
    return outputs
  }
}

interface Pruned {
  readonly model: Model
  readonly refused: readonly { readonly node: string; readonly why: string }[]
  /** Filters that go. */
  readonly removed: number
}

/** Builds the network, removes half of the filters and proves that the cut is exact, for two batch sizes. */
async function pruned(
  opset: number,
  build: (net: Net) => string,
  batches: readonly number[] = [1, 2],
): Promise<Pruned> {
  const net = new Net(opset)
  net.b.output(build(net))
  const model = net.b.model()
  const result = await pruneModel(model, {
    methods: ['filter', 'neuron'],
    criterion: 'random',
    seed: 3,
    scope: { ratio: 0.5 },
  })
  for (const batch of batches) {
    const feeds = { x: randomTensor([batch, 3, 6, 6], 5) }
    const masked = await runOrt(modelBytes(result.masked!), feeds)
    const cut = await runOrt(modelBytes(result.model), feeds)
    expect(compareOutputs(masked, cut)).toBeLessThan(1e-5)
  }
  return {
    model: result.model,
    refused: result.refused,
    removed: result.groups.reduce((n, g) => n + g.channels - g.kept, 0),
  }
}

/** The first layer makes 8 channels; all others are the networks' outputs, which stay. */
const first = (net: Net) => net.conv('x', 3, 8)
const last = (net: Net, x: string, channels: number) => net.conv(x, channels, 3)

interface Step {
  readonly opset?: number
  /** Filters that go; 4 by default, half of the first layer's. */
  readonly removed?: number
  /** 1 and 2 by default. */
  readonly batches?: readonly number[]
  readonly build: (net: Net, x: string) => string
}

const steps: Readonly<Record<string, Step>> = {
  'Concat of two layers': {
    removed: 6,
    build: (n, x) => last(n, n.node('Concat', [x, n.conv('x', 3, 4)], { axis: 1 }), 12),
  },
  'Concat with a constant': {
    batches: [1],
    build: (n, x) => last(n, n.node('Concat', [x, n.floats(1, 2, 6, 6)], { axis: -3 }), 10),
  },
  'Concat in space': { build: (n, x) => last(n, n.node('Concat', [x, x], { axis: 2 }), 8) },
  'Split in equal parts': {
    build: (n, x) => last(n, n.node('Concat', n.parts('Split', [x], { axis: 1 }, 2).reverse(), { axis: 1 }), 8),
  },
  'Split by an input': {
    build: (n, x) =>
      last(n, n.node('Concat', n.parts('Split', [x, n.ints(3, 5)], { axis: 1 }, 2).reverse(), { axis: 1 }), 8),
  },
  'Split by an attribute': {
    opset: 11,
    build: (n, x) =>
      last(n, n.node('Concat', n.parts('Split', [x], { axis: 1, split: [1, 2, 5] }, 3).reverse(), { axis: 1 }), 8),
  },
  'Split by a number of outputs': {
    opset: 18,
    build: (n, x) =>
      last(n, n.node('Concat', n.parts('Split', [x], { axis: 1, num_outputs: 3 }, 3).reverse(), { axis: 1 }), 8),
  },
  'Slice of some channels': { build: (n, x) => last(n, n.node('Slice', [x, n.ints(2), n.ints(7), n.ints(1)]), 5) },
  'Slice from the end': { build: (n, x) => last(n, n.node('Slice', [x, n.ints(-6), n.ints(-1), n.ints(-3)]), 5) },
  'Slice by attributes': {
    opset: 9,
    build: (n, x) => last(n, n.node('Slice', [x], { starts: [3, 1], ends: [8, 5], axes: [1, 2] }), 5),
  },
  'Slice by int32 inputs': {
    build: (n, x) => last(n, n.node('Slice', [x, n.ints32(1, 0), n.ints32(5, 4), n.ints32(1, 3), n.ints32(1, 2)]), 4),
  },
  'Slice of every other channel': {
    build: (n, x) => last(n, n.node('Slice', [x, n.ints(1), n.ints(8), n.ints(1), n.ints(2)]), 4),
  },
  'Slice backwards': {
    build: (n, x) => last(n, n.node('Slice', [x, n.ints(-1), n.ints(-100), n.ints(1), n.ints(-1)]), 8),
  },
  'Slice of a computed half': {
    build: (n, x) => {
      const half = n.node('Unsqueeze', [n.node('Div', [n.size(x, 1), n.scalar(2)]), n.ints(0)])
      const [a, b] = [
        n.node('Slice', [x, n.ints(0), half, n.ints(1)]),
        n.node('Slice', [x, half, n.ints(2 ** 31), n.ints(1)]),
      ]
      return last(n, n.node('Concat', [b, a], { axis: 1 }), 8)
    },
  },
  'Pad with channels of zeros': { build: (n, x) => last(n, n.node('Pad', [x, n.ints(0, 1, 1, 0, 0, 2, 0, 1)]), 11) },
  'Pad by an attribute': {
    opset: 10,
    build: (n, x) => last(n, n.node('Pad', [x], { mode: 'constant', pads: [0, 2, 0, 0, 0, 1, 0, 0] }), 11),
  },
  'Pad of one axis': { opset: 18, build: (n, x) => last(n, n.node('Pad', [x, n.ints(-3, 2), '', n.ints(1)]), 7) },
  'Pad in space': {
    build: (n, x) => last(n, n.node('Pad', [x, n.ints(0, 0, 1, 0, 0, 0, 2, 3)], { mode: 'reflect' }), 8),
  },
  'residual over channels of zeros': {
    removed: 6,
    build: (n, x) => last(n, n.node('Add', [n.node('Pad', [x, n.ints(0, 2, 0, 0, 0, 2, 0, 0)]), n.conv(x, 8, 12)]), 12),
  },
  'Flatten before Gemm': { build: (n, x) => n.linear(n.node('Flatten', [x]), 8 * 36) },
  'Reshape to a vector': { build: (n, x) => n.linear(n.node('Reshape', [x, n.ints(0, -1)]), 8 * 36) },
  'Reshape to a computed shape': {
    build: (n, x) => n.linear(n.node('Reshape', [x, n.vector(n.size(x, 0), -1)]), 8 * 36),
  },
  'Reshape to a computed shape, all sizes said': {
    build: (n, x) => n.linear(n.node('Reshape', [x, n.vector(n.size(x, 0), 288)]), 8 * 36),
  },
  'Reshape of space alone': {
    build: (n, x) =>
      n.linear(n.node('ReduceMean', [n.node('Reshape', [x, n.ints(-1, 8, 36)])], { axes: [2], keepdims: 0 }), 8),
  },
  'Reshape of space alone, computed': {
    build: (n, x) =>
      n.linear(
        n.node('ReduceMax', [n.node('Reshape', [x, n.vector(n.size(x, 0), 8, 36)])], { axes: [-1], keepdims: 0 }),
        8,
      ),
  },
  'Reshape of a vector to an image': {
    removed: 4 + 2,
    build: (n, x) => {
      const hidden = n.linear(n.node('Flatten', [x]), 8 * 36, 4 * 36)
      return last(n, n.node('Reshape', [hidden, n.ints(-1, 4, 6, 6)]), 4)
    },
  },
  'Transpose to channels last': {
    build: (n, x) => n.node('MatMul', [n.node('Transpose', [x], { perm: [0, 2, 3, 1] }), n.floats(8, 3)]),
  },
  'Squeeze and Unsqueeze': {
    build: (n, x) => last(n, n.node('Unsqueeze', [n.node('Squeeze', [n.pooled(x), n.ints(2, 3)]), n.ints(-1, 2)]), 8),
  },
  'Squeeze by an attribute': {
    opset: 11,
    build: (n, x) => n.linear(n.node('Squeeze', [n.pooled(x)], { axes: [2, -1] }), 8),
  },
  'Expand to a constant shape': { build: (n, x) => last(n, n.node('Expand', [n.pooled(x), n.ints(1, 8, 6, 6)]), 8) },
  'Expand to the shape of another': {
    build: (n, x) => last(n, n.node('Add', [x, n.node('Expand', [n.pooled(x), n.node('Shape', [x])])]), 8),
  },
  'Tile in space': { build: (n, x) => last(n, n.node('Tile', [x, n.ints(1, 1, 2, 1)]), 8) },
  'Tile of channels': { build: (n, x) => last(n, n.node('Tile', [x, n.ints(1, 2, 1, 1)]), 16) },
  'Gather of channels': { build: (n, x) => last(n, n.node('Gather', [x, n.ints(7, -3, 0, 1, 0, 2)], { axis: 1 }), 6) },
  'Gather of rows': { build: (n, x) => last(n, n.node('Gather', [x, n.ints(1, 0, 3)], { axis: 2 }), 8) },
  'ReduceMean over space': { build: (n, x) => n.linear(n.node('ReduceMean', [x], { axes: [2, 3], keepdims: 0 }), 8) },
  'ReduceSum over space': { build: (n, x) => last(n, n.node('ReduceSum', [x, n.ints(-1)]), 8) },
  'ArgMax in space': { build: (n, x) => last(n, n.node('Cast', [n.node('ArgMax', [x], { axis: 3 })], { to: 1 }), 8) },
  'CumSum in space': { build: (n, x) => last(n, n.node('CumSum', [x, n.scalar(2)]), 8) },
  'TopK in space': { build: (n, x) => last(n, n.parts('TopK', [x, n.ints(2)], { axis: 2 }, 2)[0]!, 8) },
  'Where by a condition on the values': {
    build: (n, x) => last(n, n.node('Where', [n.node('Less', [x, n.floats(1)]), n.floats(8, 1, 1), x]), 8),
  },
  'Cast there and back': { build: (n, x) => last(n, n.node('Cast', [n.node('Cast', [x], { to: 11 })], { to: 1 }), 8) },
  'Max, Mean and Sum of several': {
    build: (n, x) =>
      last(n, n.node('Sum', [n.node('Max', [x, n.floats(8, 1, 1)]), n.node('Mean', [x, n.pooled(x), n.floats(1)])]), 8),
  },
  'Unsqueeze of a weight that multiplies': {
    build: (n, x) => last(n, n.node('Mul', [x, n.node('Unsqueeze', [n.floats(8), n.ints(1, 2)])]), 8),
  },
  'Reshape of a weight that is added': {
    build: (n, x) => last(n, n.node('Add', [x, n.node('Reshape', [n.floats(8), n.ints(1, -1, 1, 1)])]), 8),
  },
  'Transpose of a weight': {
    build: (n, x) => last(n, n.node('Mul', [x, n.node('Transpose', [n.floats(1, 1, 8)], { perm: [2, 0, 1] })]), 8),
  },
  'BatchNormalization in training, with running statistics that nobody reads': {
    build: (n, x) => last(n, n.parts('BatchNormalization', [x, ...n.vectors(8)], { training_mode: 1 }, 3)[0]!, 8),
  },
  'BatchNormalization in training, with a running mean that somebody reads': {
    build: (n, x) => {
      const [y, mean] = n.parts('BatchNormalization', [x, ...n.vectors(8)], { training_mode: 1 }, 3) as [string, string]
      return last(n, n.node('Add', [y, n.node('Unsqueeze', [mean, n.ints(1, 2)])]), 8)
    },
  },
  'BatchNormalization by statistics of its input': {
    build: (n, x) => {
      const over = { axes: [0, 2, 3], keepdims: 0 }
      const mean = n.node('ReduceMean', [x], over)
      const square = n.node('ReduceMean', [n.node('Mul', [x, x])], over)
      const [scale, bias] = n.vectors(8) as [string, string]
      return last(n, n.parts('BatchNormalization', [x, scale, bias, mean, square], { training_mode: 1 }, 3)[0]!, 8)
    },
  },
  'Dropout with a mask': {
    build: (n, x) => {
      const [y, mask] = n.parts('Dropout', [x], {}, 2) as [string, string]
      return last(n, n.node('Where', [mask, y, n.floats(1)]), 8)
    },
  },
  'LayerNormalization over space, with its means': {
    build: (n, x) => {
      const [y, mean] = n.parts('LayerNormalization', [x, n.floats(6, 6)], { axis: 2 }, 2) as [string, string]
      return last(n, n.node('Add', [y, mean]), 8)
    },
  },
  'MaxPool and MaxUnpool by its indices': {
    batches: [1],
    build: (n, x) => {
      const window = { kernel_shape: [2, 2], strides: [2, 2] }
      const [y, places] = n.parts('MaxPool', [x], window, 2) as [string, string]
      return last(n, n.node('MaxUnpool', [y, places], window), 8)
    },
  },
  'Shape that is asked for': {
    build: (n, x) => last(n, n.node('Mul', [x, n.node('Cast', [n.size(x, 2)], { to: 1 })]), 8),
  },
}

describeOrt('channels through operators that move data', () => {
  for (const [name, step] of Object.entries(steps))
    it(name, async () => {
      const { removed } = await pruned(step.opset ?? 17, (net) => step.build(net, first(net)), step.batches)
      expect(removed).toBe(step.removed ?? 4)
    })

  const refusals: Readonly<Record<string, { why: string; build: (net: Net, x: string) => string }>> = {
    'ReduceMean over channels': {
      why: 'ReduceMean combines the channels on axis 1',
      build: (n, x) => n.node('ReduceMean', [x], { axes: [1] }),
    },
    'ArgMax of channels': {
      why: 'ArgMax combines the channels on axis 1',
      build: (n, x) => n.node('ArgMax', [x], { axis: 1 }),
    },
    'Pad with channels of ones': {
      why: 'Pad adds channels that are not 0',
      build: (n, x) =>
        n.node('Pad', [x, n.ints(0, 1, 0, 0, 0, 0, 0, 0), n.b.constant('one', tensorOf('float32', [], [1]))]),
    },
    'Gather of one channel': {
      why: 'Gather picks single channels',
      build: (n, x) => n.node('Gather', [x, n.scalar(3)], { axis: 1 }),
    },
    'Slice in steps of two axes': {
      why: 'Slice takes channels in steps and cuts another axis as well',
      build: (n, x) => n.node('Slice', [x, n.ints(0, 0), n.ints(8, 3), n.ints(1, 2), n.ints(2, 1)]),
    },
    'MaxPool whose indices somebody calculates with': {
      why: 'reads its indices, which count across channels',
      build: (n, x) => n.parts('MaxPool', [x], { kernel_shape: [2, 2] }, 2)[1]!,
    },
    'BatchNormalization in training over what was channels': {
      why: 'BatchNormalization normalises over axis 2',
      build: (n, x) => {
        const turned = n.node('Transpose', [x], { perm: [0, 2, 1, 3] })
        return n.parts('BatchNormalization', [turned, ...n.vectors(6)], { training_mode: 1 }, 3)[0]!
      },
    },
    'CumSum over channels': {
      why: 'CumSum works along axis 1, which is what would shrink',
      build: (n, x) => n.node('CumSum', [x, n.scalar(1)]),
    },
  }
  for (const [name, { why, build }] of Object.entries(refusals))
    it(`${name} is refused`, async () => {
      // A second branch that can be pruned, so that there is something to do.
      const { refused } = await pruned(17, (n) => {
        const one = n.node(
          'ReduceMean',
          [n.node('Cast', [build(n, n.b.node('Conv', ['x', n.floats(8, 3, 1, 1)], {}, { name: 'stays' }))], { to: 1 })],
          { keepdims: 0 },
        )
        return n.node('Add', [one, last(n, n.conv('x', 3, 6), 6)])
      })
      expect(refused.map((r) => `${r.node}: ${r.why}`).join('\n')).toContain(why)
      expect(refused.some((r) => r.node === 'stays')).toBe(true)
    })
})
