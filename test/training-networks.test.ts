// Training steps of whole networks: every gradient by the kernels against the scalar reference, on one thread and on two, bit by bit the same each time.

import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../src/base/index.ts'
import { GraphBuilder, type Model, tensorOf, tensorValues } from '../src/graph/index.ts'
import { adderConvolution, cifarResNet, nets } from '../src/nets/index.ts'
import { createProgram, floatsOf } from '../src/runtime/index.node.ts'
import { weightsFor } from '../src/testing/weights.ts'
import { type TrainingGraph, trainingGraph } from '../src/train/index.ts'

const batch = 4
const tolerance = 1e-4
const small = { inputSize: 8, batch, seed: 3 }

/** Depthwise and pointwise layers, with strides, biases and a clip. */
function depthwise(): Model {
  const b = new GraphBuilder('depthwise')
  const random = seededRandom(6)
  const weight = weightsFor(b, () => 0.5 * random.normal())
  const conv = (
    x: string,
    name: string,
    outChannels: number,
    groupChannels: number,
    kernel: number,
    stride: number,
  ) => {
    const pad = kernel >> 1
    const attributes = {
      group: groupChannels === 1 ? outChannels : 1,
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    }
    const inputs = [
      x,
      weight(`${name}.weight`, outChannels, groupChannels, kernel, kernel),
      weight(`${name}.bias`, outChannels),
    ]
    return b.node('Conv', inputs, attributes, { name })
  }
  const limits = [b.constant('lo', tensorOf('float32', [], [0])), b.constant('hi', tensorOf('float32', [], [6]))]
  const clip = (x: string) => b.node('Clip', [x, ...limits])
  let x = b.input('image', 'float32', [batch, 3, 11, 9])
  x = clip(conv(x, 'first', 12, 3, 3, 1))
  x = clip(conv(x, 'wide', 12, 1, 3, 1))
  x = conv(x, 'mix', 20, 12, 1, 1)
  x = clip(conv(x, 'narrow', 20, 1, 3, 2))
  x = b.node('Flatten', [b.node('GlobalAveragePool', [x])], { axis: 1 })
  const fc = [x, weight('fc.weight', 5, 20), weight('fc.bias', 5)]
  b.output(b.node('Gemm', fc, { transB: 1 }, { outputs: ['logits'] }), {
    kind: 'tensor',
    elementType: 'float32',
    shape: [batch, 5],
  })
  return b.model()
}

const networks = {
  'ResNet-8': () => cifarResNet(8, small),
  'adder ResNet-8': () => cifarResNet(8, { ...small, convolution: adderConvolution }),
  'LeNet-5 with pooling': () => nets.lenet5_bn({ batch, seed: 4 }),
  'depthwise layers': depthwise,
} as const

function graphOf(name: keyof typeof networks): TrainingGraph {
  const model = networks[name]()
  const [image, scores] = [model.graph.inputs[0], model.graph.outputs[0]].map((v) =>
    v?.type?.kind === 'tensor' ? (v.type.shape as number[]) : [],
  ) as [number[], number[]]
  return trainingGraph(model, { imageShape: image, classes: scores[1]! })
}

/** All outputs of two steps in a row on the same inputs. */
async function outputsOf(graph: TrainingGraph, options: { backend: 'wasm' | 'reference'; threads: number }) {
  const notices: string[] = []
  const program = await createProgram(graph.model, graph.inputShapes, {
    ...options,
    onNotice: (text) => notices.push(text),
  })
  expect(notices).toEqual([])
  expect(program.onHost).toEqual([])
  for (const { name, tensor } of [...graph.weights, ...graph.statistics]) program.input(name).set(tensorValues(tensor))
  const random = seededRandom(11)
  const images = program.input(graph.images)
  images.forEach((_, i) => {
    images[i] = random.normal()
  })
  const targets = program.input(graph.targets)
  const classes = targets.length / batch
  for (let n = 0; n < batch; n++) targets[n * classes + (n % classes)] = 1
  for (const { name } of graph.masks) program.input(name).fill(1)
  const names = [graph.loss, ...graph.weights.map((w) => w.gradient), ...graph.statistics.map((s) => s.next)]
  const step = async () => {
    await program.run()
    return new Map(names.map((name) => [name, floatsOf(program.read(name)).slice()]))
  }
  const first = await step()
  // A step of the reference takes seconds.
  const second = options.backend === 'wasm' ? await step() : first
  program.dispose()
  return { first, second }
}

const sameBits = (a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): boolean =>
  [...a].every(([name, values]) => {
    const other = b.get(name)!
    return values.length === other.length && values.every((v, i) => Object.is(v, other[i]))
  })

describe('training steps of whole networks', () => {
  it.each(Object.keys(networks) as (keyof typeof networks)[])('%s', async (name) => {
    const graph = graphOf(name)
    const one = await outputsOf(graph, { backend: 'wasm', threads: 1 })
    const two = await outputsOf(graph, { backend: 'wasm', threads: 2 })
    expect(sameBits(one.first, one.second)).toBe(true)
    expect(sameBits(one.first, two.first)).toBe(true)
    const reference = await outputsOf(graph, { backend: 'reference', threads: 1 })
    for (const [output, wanted] of reference.first) {
      const largest = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6)
      const worst = (one.first.get(output) as Float32Array).reduce(
        (m, v, i) => Math.max(m, Math.abs(v - wanted[i]!) / largest),
        0,
      )
      expect(worst, output).toBeLessThan(tolerance)
    }
    // The gradients are none of the zeros that would agree, too.
    const norms = graph.weights.map((w) => elementCount(w.shape) && one.first.get(w.gradient)?.some((v) => v !== 0))
    expect(norms.every(Boolean)).toBe(true)
  })
})
