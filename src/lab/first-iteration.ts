import { momentsOf, seededRandom, seedFrom } from '../base/index.ts'
import { editGraph, type Model, tensorOf } from '../graph/index.ts'
import { adderConvolution, type Classifier, nets, trainingInitialization } from '../nets/index.ts'
import { floatsOf, openProgram } from '../runtime/index.ts'
import { type TrainingGraph, trainingGraph } from '../train/index.ts'
import { drawIndices, pixelsOf } from './digits.ts'
import type { Digits, LabContext } from './experiment.ts'

export type NetKind = 'adder' | 'ordinary'

/** From what a network starts, where that is a matter of taste. */
export interface LenetStart {
  /**
   * Variance of the ordinary network's weights, times n, the terms of an output; 1/3 by default. 'unit': of variance 1 in the layers that are adder
   * layers in the adder network, as they are there.
   */
  readonly weightVariance?: number | 'unit'
  /** BatchNormalization's γ: 1, or drawn from U(0, 1), as PyTorch did before version 1.2. */
  readonly gamma?: 'one' | 'uniform'
  readonly classifier?: Classifier
}

/**
 * LeNet-5-BN as it starts: adder weights from N(0, 1); in the ordinary network normal ones of the variance that PyTorch's have,
 * U(−1/√n, 1/√n) with n terms per output. The classifier is ordinary.
 */
export function freshLenet(kind: NetKind, seed: number, classes: number, start: LenetStart = {}): Model {
  const { weightVariance = 1 / 3, gamma, classifier } = start
  const isAdder = kind === 'adder'
  const isUnit = weightVariance === 'unit'
  const convolution = isAdder
    ? adderConvolution
    : isUnit
      ? { ...adderConvolution, opType: 'Conv', domain: '' }
      : undefined
  const model = nets.lenet5_bn({
    ...{ seed, classes, classifier, convolution },
    // He's weights, of variance 2/n, are what networks are built with.
    initialization: { ...trainingInitialization, weightGain: isAdder || isUnit ? 1 : Math.sqrt(weightVariance / 2) },
  })
  return gamma === 'uniform' ? withUniformGammas(model, seed) : model
}

function withUniformGammas(model: Model, seed: number): Model {
  const editor = editGraph(model)
  for (const [name, { shape }] of model.graph.initializers) {
    if (!/^bn\d\.weight$/.test(name)) continue
    const random = seededRandom(seedFrom(seed, name))
    editor.set(name, tensorOf('float32', shape, Float32Array.from({ length: shape[0]! }, random.uniform)))
  }
  return editor.model()
}

/** The same for ResNet-20 on pictures of one channel. */
export const freshResnet = (kind: NetKind, seed: number, classes: number): Model =>
  nets.resnet20({
    seed,
    classes,
    inChannels: 1,
    inputSize: 28,
    ...(kind === 'adder' ? { convolution: adderConvolution } : {}),
    initialization: trainingInitialization,
  })

/** Images and what they show, for one step. */
export interface FirstBatch {
  readonly images: Float32Array
  readonly targets: Float32Array
  readonly shape: readonly [count: number, channels: number, height: number, width: number]
  readonly classes: number
}

/** @param pixels by default with mean 0 and variance 1 */
export async function firstBatch(
  { sets }: Digits,
  size: number,
  seed: number,
  pixels: 'standardised' | '0 to 1' = 'standardised',
): Promise<FirstBatch> {
  const { train } = sets
  const chosen = drawIndices(train, size, seed)
  const classes = train.classes.length
  const read = await pixelsOf(train, chosen)
  const images = pixels === 'standardised' ? standardised(read) : read
  const targets = new Float32Array(chosen.length * classes)
  chosen.forEach((index, i) => {
    targets[i * classes + train.labels[index]!] = 1
  })
  return {
    images,
    targets,
    shape: [chosen.length, train.channels, train.height, train.width],
    classes,
  }
}

/** Mean 0 and variance 1 over all pixels, as networks are usually fed. */
function standardised(pixels: Float32Array): Float32Array {
  const { mean, variance } = momentsOf(pixels)
  return pixels.map((v) => (v - mean) / Math.sqrt(variance))
}

export interface FirstIteration {
  readonly loss: number
  readonly graph: TrainingGraph
  /** Gradients by the names of their weights. */
  readonly gradients: ReadonlyMap<string, Float32Array>
  /** Values that were asked for, by their names. */
  readonly values: ReadonlyMap<string, Float32Array>
}

/**
 * Forward and backward once, in training mode.
 * @param watched names of values to return besides, chosen when the graph of the step is there
 */
export async function firstIteration(
  model: Model,
  batch: FirstBatch,
  context: LabContext,
  watched: (graph: TrainingGraph) => readonly string[] = () => [],
): Promise<FirstIteration> {
  const graph = trainingGraph(model, { imageShape: batch.shape, classes: batch.classes })
  const names = [...new Set(watched(graph))].filter((n) => !graph.inputShapes.has(n))
  const watching = editGraph(graph.model)
    .setOutputs([...graph.model.graph.outputs, ...names])
    .model()
  const { runtime, threads, signal } = context
  const program = await openProgram(watching, graph.inputShapes, { runtime, threads, signal, onNotice: () => {} })
  const made = (name: string) => floatsOf(program.read(name)).slice()
  try {
    program.input(graph.images).set(batch.images)
    program.input(graph.targets).set(batch.targets)
    for (const { name, tensor } of [...graph.weights, ...graph.statistics])
      program.input(name).set(floats(tensor.data.bytes()))
    await program.run({ signal })
    return {
      loss: made(graph.loss)[0]!,
      graph,
      gradients: new Map(graph.weights.map(({ name, gradient }) => [name, made(gradient)])),
      values: new Map([...names.map((name) => [name, made(name)] as const), [graph.images, batch.images] as const]),
    }
  } finally {
    await program.dispose()
  }
}

/** Little-endian, at any offset. */
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(new Uint8Array(bytes).buffer)
