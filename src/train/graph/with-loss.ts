import { Emitter } from '../../autodiff/index.ts'
import { KerfError } from '../../base/index.ts'
import { analyse, editGraph, graphInputs, type Model, type OperatorSet } from '../../graph/index.ts'
import { operators as allOperators } from '../../ops/index.ts'
import { checkLogits, classifierOf } from './classifier.ts'
import { crossEntropy } from './loss.ts'

/**
 * A network in inference with its cross-entropy appended, the mean over the batch: for those who ask for gradients and do not train.
 * @param imageShape of a batch, [N, C, H, W]
 * @throws KerfError `wrong-model` for a network that is no classifier of images
 */
export function withCrossEntropy(
  model: Model,
  imageShape: readonly number[],
  operators: OperatorSet = allOperators,
): {
  /** The network and the loss. */
  readonly model: Model
  /** The name of its value. */
  readonly loss: string
  /** The input that it reads the targets from. */
  readonly targets: {
    /** Its name. */
    readonly name: string
    /** [N, classes]. */
    readonly shape: readonly number[]
  }
} {
  const [batch = 1] = imageShape
  const [input] = graphInputs(model.graph)
  const given = analyse(model, operators, { inputShapes: new Map([[input?.name ?? '', imageShape]]) })
  const classes = given.values.get(model.graph.outputs[0]?.name ?? '')?.shape?.[1]
  if (typeof classes !== 'number')
    throw new KerfError('wrong-model', 'The number of classes that the network tells apart is not known.')
  const classifier = classifierOf(model, imageShape, classes, operators)
  checkLogits(classifier.analysis, classifier)
  const editor = editGraph(model)
  const targets = { name: editor.name('targets'), shape: [batch, classes] }
  editor.input(targets.name, 'float32', targets.shape)
  const emit = new Emitter(editor)
  emit.prefix = 'loss'
  const rank = classifier.analysis.values.get(classifier.logits)?.shape?.length
  const logits = rank === 2 ? classifier.logits : emit.reshape(classifier.logits, targets.shape)
  const loss = crossEntropy(emit, { name: logits, shape: targets.shape }, targets.name, 0)
  return { model: editor.model(), loss, targets }
}
