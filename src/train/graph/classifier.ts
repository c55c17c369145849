import { elementCount, KerfError } from '../../base/index.ts'
import {
  type Analysis,
  AttributeReader,
  analyse,
  type Model,
  nodeLabel,
  type OperatorSet,
  opsetOf,
} from '../../graph/index.ts'
import { operators as allOperators } from '../../ops/index.ts'
import { imageInput, networkForImages, shapeText as text } from './images.ts'

/** How a network's output is to be read: scores before Softmax, probabilities, or their logarithms. */
export type OutputKind = 'logits' | 'probabilities' | 'logProbabilities'

/** A network that takes images and gives a number per class. */
export interface Classifier {
  /** The input, float32 [N, C, H, W]. */
  readonly image: string
  /** The graph's first output, [N, classes] or [N, classes, 1, …]. */
  readonly output: string
  readonly kind: OutputKind
  /** The value before a Softmax at the end; otherwise the output. */
  readonly logits: string
  readonly classes: number
}

/**
 * @param imageShape of a batch, [N, C, H, W]
 * @param classes how many the data have
 * @param model see `networkForImages`
 * @throws KerfError `wrong-model` as `imageInput`, and when the output is no number per class; `wrong-classes`; NodeError where the network
 *   cannot take this batch
 */
export function classifierOf(
  model: Model,
  imageShape: readonly number[],
  classes: number,
  operators: OperatorSet = allOperators,
): Classifier & { readonly analysis: Analysis } {
  const image = imageInput(model, imageShape).name
  const analysis = analyse(model, operators, { inputShapes: new Map([[image, imageShape]]) })
  const output = model.graph.outputs[0]?.name ?? ''
  const { shape, elementType } = analysis.values.get(output) ?? {}
  if (!shape || elementType !== 'float32' || shape[0] !== imageShape[0] || elementCount(shape.slice(1)) !== shape[1])
    throw new KerfError(
      'wrong-model',
      `The output "${output}" is ${elementType ?? 'of unknown type'} ${text(shape)} for a batch of ${imageShape[0]}; expected float32 [${imageShape[0]},classes]. A batch size fixed inside the model is changed by exporting it again.`,
      { output, shape },
    )
  if (shape[1] !== classes)
    throw new KerfError(
      'wrong-classes',
      `The model's output "${output}" has ${shape[1]} classes, the data have ${classes}. Give it a new classifier when training (--classes ${classes}), or take other data.`,
      { output, expected: classes, received: shape[1] },
    )
  return { image, output, classes, ...readingOf(analysis, output, shape.length), analysis }
}

/**
 * How many classes a network tells apart, and how its output is to be read, where it has one output of a number for each of two classes or more; else undefined. That
 * the numbers are scores, only a Softmax tells.
 * @param imageShape of a batch, [N, C, H, W]
 * @throws KerfError, NodeError as `networkForImages`
 */
export function scoresOf(
  given: Model,
  imageShape: readonly number[],
  operators: OperatorSet = allOperators,
): Pick<Classifier, 'classes' | 'kind'> | undefined {
  if (given.graph.outputs.length !== 1) return undefined
  const { model } = networkForImages(given, imageShape, operators)
  const inputShapes = new Map([[imageInput(model, imageShape).name, imageShape]])
  const { shape, elementType } =
    analyse(model, operators, { inputShapes }).values.get(model.graph.outputs[0]!.name) ?? {}
  const [, classes] = shape ?? []
  const isRow = typeof classes === 'number' && classes >= 2 && elementCount(shape!.slice(1)) === classes
  if (!isRow || shape?.[0] !== imageShape[0] || elementType !== 'float32') return undefined
  return classifierOf(model, imageShape, classes, operators)
}

function readingOf({ model, producers }: Analysis, output: string, rank: number): Pick<Classifier, 'kind' | 'logits'> {
  const last = producers.get(output)
  if (last?.domain === '' && (last.opType === 'Softmax' || last.opType === 'LogSoftmax')) {
    const axis = new AttributeReader(last).int('axis', opsetOf(model.opsetImports, '') < 13 ? 1 : -1)
    // Over another axis it says nothing of classes.
    if (axis === 1 || axis === 1 - rank)
      return last.opType === 'Softmax'
        ? { kind: 'probabilities', logits: last.inputs[0]! }
        : { kind: 'logProbabilities', logits: output }
  }
  return { kind: 'logits', logits: output }
}

/** @throws KerfError `wrong-model` where the output has been squashed one by one, so that cross-entropy over classes means nothing */
export function checkLogits({ producers }: Analysis, { output }: Classifier): void {
  const last = producers.get(output)
  if (last?.domain !== '' || (last.opType !== 'Sigmoid' && last.opType !== 'HardSigmoid')) return
  throw new KerfError(
    'wrong-model',
    `The output passes ${last.opType} "${nodeLabel(last)}": cross-entropy needs logits, or Softmax. Cut it off, or train with the loss meanSquaredError.`,
    { node: nodeLabel(last), opType: last.opType },
  )
}
