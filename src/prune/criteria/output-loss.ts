import { Emitter } from '../../autodiff/index.ts'
import { elementCount, isConcrete, KerfError } from '../../base/index.ts'
import { analyse, editGraph, graphInputs, type Model, type OperatorSet } from '../../graph/index.ts'
import { operators as allOperators } from '../../ops/index.ts'
import type { LossGraph } from './batches.ts'

/*
 * Without labels: what a network gives by itself is the aim. The distance to it, ‖y − y₀‖² over the images, is 0 there, and so is its gradient. Its second
 * derivative is not: with J = ∂y/∂a it is 2·JᵀJ (Gauss–Newton), and E[(Jᵀt)(Jᵀt)ᵀ] = JᵀJ where t are directions of independent numbers of mean 0 and
 * deviation 1. So the gradient of ⟨t, y⟩ takes the place that the gradient of a loss has in criteria of second order.
 */

/**
 * A network with the loss ⟨t, y⟩ appended, the mean over the batch: y are all float32 outputs, one behind the other, t directions that are drawn. For criteria
 * of second order (fisher, obd), and for oracle, where there are no labels.
 * @param imageShape of a batch, [N, …]
 * @throws KerfError `wrong-model` where no output is float32 with a batch of that size on its first axis
 */
export function outputLoss(
  model: Model,
  imageShape: readonly number[],
  operators: OperatorSet = allOperators,
): LossGraph {
  const [batch = 1] = imageShape
  const [input] = graphInputs(model.graph)
  const { values } = analyse(model, operators, { inputShapes: new Map([[input?.name ?? '', imageShape]]) })
  const editor = editGraph(model)
  const emit = new Emitter(editor)
  emit.prefix = 'loss'
  const parts = model.graph.outputs.flatMap(({ name }) => {
    const { elementType, shape } = values.get(name) ?? {}
    if (elementType !== 'float32' || !isConcrete(shape) || shape[0] !== batch) return []
    const width = elementCount(shape)! / batch
    return [{ value: shape.length === 2 ? name : emit.reshape(name, [batch, width]), width }]
  })
  const [first] = parts
  if (!first)
    throw new KerfError(
      'wrong-model',
      `No output of the model is float32 with ${batch} images on its first axis, so that its outputs cannot take the place of labels. Export the model with a batch of any size.`,
    )
  const outputs =
    parts.length === 1
      ? first.value
      : emit.node(
          'Concat',
          parts.map((part) => part.value),
          { axis: 1 },
        )
  const targets = { name: editor.name('directions'), shape: [batch, parts.reduce((sum, part) => sum + part.width, 0)] }
  editor.input(targets.name, 'float32', targets.shape)
  const product = emit.sum(emit.node('Mul', [outputs, targets.name]), [0, 1], false)
  const loss = emit.node('Mul', [product, emit.floats([1 / batch])])
  return { model: editor.model(), loss, targets, outputs }
}
