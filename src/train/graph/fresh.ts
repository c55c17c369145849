import { elementCount, seededRandom, seedFrom } from '../../base/index.ts'
import {
  analyse,
  editGraph,
  type Model,
  nodeLabel,
  type OperatorSet,
  signatureOf,
  tensorOf,
} from '../../graph/index.ts'
import { operators as allOperators } from '../../ops/index.ts'
import { imageInput, networkForImages } from './images.ts'
import { isLayer, learnableOf } from './learnable.ts'

/*
 * A network of a given shape as training begins: weights of layers normal with mean 0 and variance 2/n, n the terms of one output's sum (He et al., ICCV
 * 2015); what scales 1, what is added 0; running means 0, running variances 1. Often the shape that pruning finds, trained from scratch, is as good
 * as the pruned network (Liu et al., Rethinking the value of network pruning, ICLR 2019), so that comparisons need it.
 */

/** What is drawn, and for which images. */
export interface FreshWeightsOptions {
  /** [C, H, W] of an image. */
  readonly shape: readonly number[]
  /** Draws the weights; 0 by default. The same seed draws the same weights for the same names. */
  readonly seed?: number
  /** What is known of operators: Kerf's, and your own (`withOperators`). */
  readonly operators?: OperatorSet
}

/** What operators call inputs that change nothing where they are 1: of a normalisation. */
const isOne = /^(scale|var|input_var)$/i

/**
 * A network with fresh weights: its shape, and nothing of what it has learnt.
 * @throws KerfError, NodeError as `createTrainer` for a network that takes no images
 */
export function withFreshWeights(model: Model, options: FreshWeightsOptions): Model {
  const { shape, seed = 0, operators = allOperators } = options
  // Two images: of one value per channel there is no variance to learn.
  const imageShape = [2, ...shape]
  const own = networkForImages(model, imageShape, operators).model
  const { name: images } = imageInput(own, imageShape)
  const analysis = analyse(own, operators, { inputShapes: new Map([[images, imageShape]]) })
  const learnable = new Set(learnableOf(analysis).map((l) => l.name))
  const editor = editGraph(own)
  for (const node of own.graph.nodes) {
    const known = analysis.calls.get(node)
    if (!known) continue
    const { operator, call } = known
    const statistics = new Set(operator.training?.(call, (wish) => wish)?.statistics?.map((s) => s.input))
    const { macs = 0 } = typeof operator.cost === 'function' ? operator.cost(call) : {}
    const outputs = elementCount(call.outputs[0]?.shape) ?? 1
    const signature = signatureOf(operator, call.opset)
    node.inputs.forEach((input, i) => {
      const tensor = analysis.stored.get(input)
      if (!tensor || !(learnable.has(input) || statistics.has(i))) return
      const size = elementCount(tensor.shape)!
      const random = seededRandom(seedFrom(seed, `${nodeLabel(node)} ${i}`))
      const deviation = Math.sqrt((2 * outputs) / macs)
      const isWeight = isLayer(operator, call) && tensor.shape.length > 1
      const constant = isOne.test(signature[i]?.name ?? '') ? 1 : 0
      const values = Float32Array.from({ length: size }, () => (isWeight ? deviation * random.normal() : constant))
      editor.replaceStored(input, tensorOf('float32', tensor.shape, values))
    })
  }
  return editor.model()
}
