import { Moments, momentsOf, seedFrom } from '../base/index.ts'
import { AttributeReader, tensorValues } from '../graph/index.ts'
import type { LabContext } from './experiment.ts'
import { firstBatch, firstIteration, freshResnet } from './first-iteration.ts'
import { type LayerInput, layerVariance } from './layer-variance.ts'

export interface RealLayer {
  readonly name: string
  readonly taps: number
  readonly meanX: number
  readonly varX: number
  readonly varW: number
  /** For inputs as they are, but taps that are independent. */
  readonly independent: number
  /** For inputs as they are. */
  readonly predicted: number
  readonly measured: number
  /** Standard error of the measurement: the weights of a few filters (16 to 64) are one draw. */
  readonly error: number
}

/** The mean square of each filter's distance from the mean of all is one draw of the variance. */
function spread(values: Float32Array, filters: number, images: number): { measured: number; error: number } {
  const { mean } = momentsOf(values)
  const plane = values.length / filters / images
  const squares = Array.from({ length: filters }, () => new Moments())
  values.forEach((v, i) => {
    squares[Math.floor(i / plane) % filters]?.add((v - mean) ** 2)
  })
  const { mean: measured, variance } = momentsOf(squares.map((m) => m.mean))
  return { measured, error: Math.sqrt(variance / (filters - 1)) }
}

/** The adder layers of ResNet-20 at the first iteration: what goes in and comes out. */
export async function realLayers(
  batchSize: number,
  context: LabContext,
  onLayer: (done: number) => Promise<void>,
): Promise<RealLayer[]> {
  const seed = seedFrom(context.seed, 'network')
  const batch = await firstBatch(await context.digits(), batchSize, seed)
  const model = freshResnet('adder', seed, batch.classes)
  const adders = model.graph.nodes.filter((n) => n.opType === 'AdderConv')
  const watched = adders.flatMap((n) => [n.inputs[0]!, n.outputs[0]!])
  const { values, graph } = await firstIteration(model, batch, context, () => watched)
  const layers: RealLayer[] = []
  for (const node of adders) {
    const [x = '', w = ''] = node.inputs
    const weight = graph.weights.find((l) => l.name === w)!
    const [, channels = 0, kernel = 0] = weight.shape
    const taps = weight.shape.slice(1).reduce((p, d) => p * d, 1)
    const inputs = values.get(x)!
    const attributes = new AttributeReader(node)
    const input: LayerInput = {
      ...{ values: inputs, channels, kernel, size: Math.sqrt(inputs.length / batchSize / channels) },
      stride: attributes.ints('strides', [1])[0]!,
      padding: attributes.ints('pads', [0])[0]!,
    }
    const [xMoments, wMoments] = [momentsOf(inputs), momentsOf(tensorValues(weight.tensor))]
    const parts = layerVariance(input, wMoments.mean, Math.sqrt(wMoments.variance))
    layers.push({
      ...{ name: node.name, taps, meanX: xMoments.mean, varX: xMoments.variance, varW: wMoments.variance },
      independent: parts.weights + parts.independentPatches,
      predicted: parts.weights + parts.patches,
      ...spread(values.get(node.outputs[0]!)!, weight.shape[0]!, batchSize),
    })
    await onLayer(layers.length / adders.length)
  }
  return layers
}
