import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/index.ts'
import { createLoader, generatedImages } from '../data/index.ts'
import {
  bindInputs,
  freeBatch,
  GraphBuilder,
  type Model,
  type TensorType,
  tensorOf,
  tensorValues,
} from '../graph/index.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { operators } from '../ops/index.ts'
import { describeShared, sharedPath } from '../testing/shared.ts'
import { tinyLoader, tinyShape } from '../testing/tiny-images.ts'
import { evaluate } from './evaluate.ts'
import { parameterGroups } from './optimisers/parameter.ts'
import { createSchedule } from './schedules/schedule.ts'
import { train } from './train.ts'
import { createTrainer } from './trainer.ts'

const optimiser = { kind: 'sgd', groups: parameterGroups() } as const
const channels = 4

interface Options {
  /** Of the input. */
  readonly batch: number | string
  readonly layout?: 'NCHW' | 'NHWC'
  /** Between the mean over space, [N, 4], and the linear layer. */
  readonly middle?: (b: GraphBuilder, x: string) => string
}

/** Conv, Relu, mean over space, Gemm to three classes; in NHWC with Transposes around the convolution, as tf2onnx writes. */
function net({ batch, layout = 'NCHW', middle = (_, x) => x }: Options): Model {
  const random = seededRandom(3)
  const drawn = (shape: readonly number[]) =>
    tensorOf(
      'float32',
      shape,
      Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => 0.5 * random.normal()),
    )
  const b = new GraphBuilder('fixed')
  const last = layout === 'NHWC'
  const x = b.input('image', 'float32', last ? [batch, 8, 8, 1] : [batch, 1, 8, 8])
  const images = last ? b.node('Transpose', [x], { perm: [0, 3, 1, 2] }) : x
  const conv = b.node('Conv', [images, b.constant('w', drawn([channels, 1, 3, 3]))], { pads: [1, 1, 1, 1] })
  const back = last ? b.node('Transpose', [conv], { perm: [0, 2, 3, 1] }) : conv
  const mean = b.node('ReduceMean', [b.node('Relu', [back])], { axes: last ? [1, 2] : [2, 3], keepdims: 0 })
  b.output(b.node('Gemm', [middle(b, mean), b.constant('fc', drawn([3, channels]))], { transB: 1 }, { name: 'fc' }))
  return b.model()
}

const ints = (b: GraphBuilder, ...values: number[]) => b.constant('target', tensorOf('int64', [values.length], values))

const withTarget =
  (...target: number[]) =>
  (b: GraphBuilder, x: string) =>
    b.node('Reshape', [x, ints(b, ...target)], {}, { name: 'view' })

const base = { batchSize: 16, shape: tinyShape, classes: 3, optimiser, onNotice: () => {} }
const validation = tinyLoader(48, 16, { seed: 2, training: false })

async function weightsAfter(model: Model, notices: string[] = []) {
  const trainer = await createTrainer(model, { ...base, onNotice: (text) => notices.push(text) })
  const schedule = createSchedule({ kind: 'constant' }, 0.1)
  const { metrics } = await train(trainer, { training: tinyLoader(96, 16), validation, epochs: 2, schedule })
  const trained = trainer.model()
  trainer.dispose()
  const weights = ['w', 'fc'].map((name) => [...tensorValues(trained.graph.initializers.get(name)!)])
  return { weights, trained, accuracies: metrics.map((m) => m['validation/accuracy']) }
}

describe('a model for one image at a time', () => {
  it.each([
    ['in its input only', undefined],
    ['in a view to [1, -1]', withTarget(1, -1)],
    ['in a view to [1, 4]', withTarget(1, 4)],
    ['in a view to [-1, 4], which takes any', withTarget(-1, 4)],
  ])('%s, learns from sixteen to the same bits as one for any', async (_, middle) => {
    const given = net({ batch: 1, middle })
    const { weights, trained, accuracies } = await weightsAfter(given)
    const any = await weightsAfter(net({ batch: 'N' }))
    expect(weights).toEqual(any.weights)
    expect(accuracies).toEqual(any.accuracies)
    // What is written is the given file with other weights.
    expect(trained.graph.inputs).toEqual(given.graph.inputs)
    expect(trained.graph.nodes).toEqual(given.graph.nodes)
    const [one, many] = await Promise.all(
      [1, 16].map((size) => evaluate(trained, tinyLoader(48, size, { seed: 2, training: false }))),
    )
    expect(many).toMatchObject({ accuracy: one?.accuracy, images: 48 })
    expect(many?.loss).toBeCloseTo(one?.loss as number, 5)
  })

  it('that fixes it where nothing can be done says which node does, and what to do', async () => {
    const gram = (b: GraphBuilder, x: string) =>
      b.node('Reshape', [
        b.node('MatMul', [b.node('Transpose', [x], { perm: [1, 0] }), x], {}, { name: 'gram' }),
        ints(b, 4, 4),
      ])
    await expect(createTrainer(net({ batch: 1, middle: gram }), base)).rejects.toThrow(
      'The model is for one image at a time: input "image" is [1,1,8,8], and MatMul "gram" takes no other number: its output is [4,4] for 7 images, too. Use a batch size of 1, or export the model with a batch of any size (dynamic_axes, dynamic_shapes).',
    )
    const first = (b: GraphBuilder, x: string) =>
      b.node('Gather', [x, b.constant('zero', tensorOf('int64', [1], [0]))], { axis: 0 }, { name: 'first' })
    await expect(createTrainer(net({ batch: 1, middle: first }), base)).rejects.toThrow(
      'Gather "first" takes no other number: its output is [1,4] for 7 images, too.',
    )
  })

  it('that mixes images without changing their number is found by running it', async () => {
    const mixed = (b: GraphBuilder, x: string) => b.node('Softmax', [x], { axis: 0 })
    await expect(createTrainer(net({ batch: 1, middle: mixed }), base)).rejects.toThrow(
      'The model is for one image at a time: with 3 its outputs are others, so that it mixes them. Use a batch size of 1,',
    )
    // One for any batch is taken as it is.
    await expect(createTrainer(net({ batch: 'N', middle: mixed }), base)).resolves.toBeDefined()
  })
})

describe('freeing the batch', () => {
  const targetOf = (shape: readonly number[], target: readonly number[]) => {
    const b = new GraphBuilder('one')
    const x = b.input('x', 'float32', shape)
    b.output(b.node('Reshape', [x, ints(b, ...target)]))
    const { graph } = freeBatch(b.model(), operators)
    const { shape: declared } = graph.inputs[0]!.type as TensorType
    return [declared?.[0], [...tensorValues(graph.initializers.get(graph.nodes[0]!.inputs[1]!)!)].map(Number)]
  }

  it.each([
    [
      [1, 6, 2, 2],
      [1, -1],
      [0, -1],
    ],
    [
      [1, 6, 2, 2],
      [1, 24],
      [0, 24],
    ],
    [
      [4, 6, 2, 2],
      [4, 2, 3, 4],
      [0, 2, 3, 4],
    ],
    // Groups of channels beside the images: N · 3 rows.
    [
      [1, 6, 2, 2],
      [3, 8],
      [-1, 8],
    ],
    [
      [2, 6, 2, 2],
      [6, -1],
      [-1, 8],
    ],
  ])('%j viewed as %j is viewed as %j', (shape, target, free) => {
    expect(targetOf(shape, target)).toEqual(['batch', free])
  })

  it('changes the attribute where operator sets before 5 have the target', () => {
    const b = new GraphBuilder('old', 4)
    b.output(b.node('Reshape', [b.input('x', 'float32', [1, 6, 2, 2])], { shape: [1, -1] }))
    const [node] = freeBatch(b.model(), operators).graph.nodes
    expect(node?.attributes.get('shape')).toMatchObject({ value: [0, -1] })
    expect(node?.inputs).toEqual(['x'])
  })

  it('follows it to other axes: heads of attention with the sequence in front', () => {
    const b = new GraphBuilder('heads')
    const x = b.input('x', 'float32', [1, 5, 12])
    const sequence = b.node('Transpose', [x], { perm: [1, 0, 2] })
    const heads = b.node('Reshape', [sequence, ints(b, 5, 3, 4)])
    const back = b.node('Reshape', [heads, b.constant('back', tensorOf('int64', [3], [5, 1, 12]))])
    b.output(b.node('Transpose', [back], { perm: [1, 0, 2] }))
    const { graph } = freeBatch(b.model(), operators)
    const targets = graph.nodes
      .filter((n) => n.opType === 'Reshape')
      .map((n) => [...tensorValues(graph.initializers.get(n.inputs[1]!)!)].map(Number))
    // N · 3 heads beside each place, and back again.
    expect(targets).toEqual([
      [5, -1, 4],
      [5, -1, 12],
    ])
  })
})

describe('a model of NHWC', () => {
  it('is given images in that order, learns the same bits, and says so', async () => {
    const notices: string[] = []
    const { weights, accuracies, trained } = await weightsAfter(net({ batch: 'N', layout: 'NHWC' }), notices)
    const other = await weightsAfter(net({ batch: 'N' }))
    expect(weights).toEqual(other.weights)
    expect(accuracies).toEqual(other.accuracies)
    expect(notices).toEqual(['input "image" is NHWC (height, width, channels): images are given to it in that order.'])
    expect(trained.graph.inputs[0]?.type).toMatchObject({ shape: ['N', 8, 8, 1] })
    const fixed = await weightsAfter(net({ batch: 1, layout: 'NHWC', middle: withTarget(1, -1) }))
    expect(fixed.weights).toEqual(other.weights)
  })

  it('is not taken for one of NCHW when sizes are given', () => {
    const { graph } = net({ batch: 'N', layout: 'NHWC' })
    expect(() => bindInputs(graph, new Map([['', [2, 1, 8, 8]]]))).toThrow(
      'Input "image" [N,8,8,1] is NHWC: height, width, channels. --input gives [2,1,8,8]; give 2,8,8,1.',
    )
    expect(bindInputs(graph, new Map([['', [2, 8, 8, 1]]])).inputShapes?.get('image')).toEqual([2, 8, 8, 1])
    const { graph: first } = net({ batch: 'N' })
    expect(bindInputs(first, new Map([['', [2, 1, 8, 8]]])).inputShapes?.get('image')).toEqual([2, 1, 8, 8])
  })

  it('of another size says which of its axes are which', async () => {
    const small = generatedImages({ classes: 3, channels: 1, size: 9, trainImages: 16, testImages: 3 })
    const { shape } = createLoader(small.train, { batchSize: 16, training: true })
    await expect(createTrainer(net({ batch: 'N', layout: 'NHWC' }), { ...base, shape })).rejects.toThrow(
      'The model takes images [8,8,1] (height, width, channels), the data give [1,9,9] (channels, height, width). Add a resize',
    )
  })
})

describeShared('exports of other tools', () => {
  it.each([
    ['73-fixed-batch-train', 16],
    ['44-densenet', 16],
    ['32-nhwc-tf2onnx', 32],
  ])('%s learns in batches, and is measured in batches as one by one', async (name, size) => {
    const model = readModelFile(sharedPath(`cases/reports/${name}/model.onnx`))
    const sets = generatedImages({ classes: 10, channels: 3, size, trainImages: 64, testImages: 24 })
    const training = createLoader(sets.train, { batchSize: 16, training: true })
    const trainer = await createTrainer(model, { ...base, shape: training.shape, classes: 10 })
    const schedule = createSchedule({ kind: 'constant' }, 0.01)
    const { metrics } = await train(trainer, { training, epochs: 3, schedule })
    expect(metrics[2]!['train/loss']!).toBeLessThan(metrics[0]!['train/loss']!)
    const trained = trainer.model()
    trainer.dispose()
    const [one, many] = await Promise.all(
      [1, 8].map((batchSize) =>
        evaluate(trained, createLoader(sets.test, { batchSize, training: false }), { onNotice: () => {} }),
      ),
    )
    expect(many?.loss).toBeCloseTo(one?.loss as number, 5)
    expect(many?.accuracy).toBe(one?.accuracy)
  })
})
