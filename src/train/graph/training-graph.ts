import { type Choices, differentiate, Emitter, type Unreached } from '../../autodiff/index.ts'
import { isConcrete, KerfError, type NamePattern } from '../../base/index.ts'
import {
  type Analysis,
  constantContent,
  editGraph,
  type Graph,
  type GraphEditor,
  type Model,
  type Node,
  type OperatorSet,
  type Tensor,
  tensorOf,
} from '../../graph/index.ts'
import { type Classifier, checkLogits, classifierOf } from './classifier.ts'
import { unreachedNotices, withoutFrozen } from './frozen.ts'
import { networkForImages } from './images.ts'
import type { Learnable } from './learnable.ts'
import { crossEntropy, divergence, type LossOptions, meanSquaredDifference, type Shaped, weightedSum } from './loss.ts'

/*
 * One step of training as a graph. Inputs: images, targets [N, classes], every weight and running statistic under its own name, masks of
 * Dropout, what a teacher says. Outputs: the loss, the scores of the classes, a gradient per weight, every statistic's next value.
 */

export interface TrainingGraphOptions {
  /** Shape of a batch of images, [N, C, H, W]. */
  readonly imageShape: readonly number[]
  readonly classes: number
  /** Cross-entropy by default. */
  readonly loss?: LossOptions
  /** Which surrogate gradients are taken: see `differentiate`. Those that nothing in the network offers are ignored. */
  readonly choices?: Choices
  /** What is known of operators: Kerf's, and your own (`withOperators`). */
  readonly operators?: OperatorSet
  /** What is not to be learnt. */
  readonly freeze?: readonly NamePattern[]
  /** `kept`: normalisations go on with the statistics that they have, as in inference; what they scale and shift by is learnt. Default `batch`: those of each batch. */
  readonly statistics?: 'batch' | 'kept'
}

/** A weight that is learnt: an input of the graph, with the output that is its gradient. */
export interface LearntWeight extends Learnable {
  readonly gradient: string
}

/** A running statistic: an input of the graph, with the output that is its value after the step. */
export interface RunningStatistic {
  readonly name: string
  readonly next: string
  readonly shape: readonly number[]
  readonly tensor: Tensor
}

/** An input that the model reads elsewhere or under another name: see `trainedModel`. */
export interface MovedInput {
  /** An output of the node that reads it. */
  readonly reader: string
  readonly input: number
  readonly name: string
}

export interface DropoutMask {
  readonly name: string
  readonly rate: number
  readonly shape: readonly number[]
}

export interface TrainingGraph {
  readonly model: Model
  readonly inputShapes: ReadonlyMap<string, readonly number[]>
  readonly images: string
  readonly targets: string
  /** Inputs for the teacher's logits and features, where it distils. */
  readonly teacher: { readonly logits: string; readonly features: readonly string[] } | undefined
  readonly weights: readonly LearntWeight[]
  readonly statistics: readonly RunningStatistic[]
  /** Names of what normalisations multiply their channels with; those of the weights among them are learnt. */
  readonly scales: ReadonlySet<string>
  readonly masks: readonly DropoutMask[]
  /** One number. */
  readonly loss: string
  /** [N, classes]; the largest is the answer. */
  readonly scores: string
  /** Weights that are not learnt although nobody froze them, and why. */
  readonly notices: readonly string[]
  readonly moved: readonly MovedInput[]
}

/**
 * Makes the graph of a training step from a network for inference.
 * Weights that no gradient reaches stay as they are: neither weight decay nor momentum touches them.
 * @throws KerfError `wrong-model`, `wrong-shape`, `wrong-classes`, `fixed-batch` (see `networkForImages`, `classifierOf`), `nothing-to-train`, `not-differentiable`, `bad-options` for a
 *   pattern that matches nothing; NodeError
 */
export function trainingGraph(given: Model, options: TrainingGraphOptions): TrainingGraph {
  const network = networkForImages(given, options.imageShape, options.operators).model
  const model = editGraph(network).dropUnreadOutputs().model()
  const classifier = classifierOf(model, options.imageShape, options.classes, options.operators)
  const { weights, isFrozen } = withoutFrozen(classifier.analysis, options.freeze ?? [])
  const made = new Maker(model, classifier, options, weights, isFrozen).make()
  if (made.unreached.length === 0) return made.graph
  const notices = unreachedNotices(made.unreached)
  const reached = weights.filter((w) => made.unreached.every((u) => u.value !== w.name))
  if (reached.length === 0)
    throw new KerfError('nothing-to-train', `Nothing would be learnt: ${notices.join(' ')}`, {
      unreached: made.unreached,
    })
  return { ...new Maker(model, classifier, options, reached, isFrozen).make().graph, notices }
}

class Maker {
  readonly #options: TrainingGraphOptions
  readonly #classifier: Classifier
  readonly #analysis: Analysis
  readonly #editor: GraphEditor
  readonly #learnable: readonly Learnable[]
  readonly #isFrozen: (node: Node) => boolean
  readonly #model: Model
  readonly #shapes = new Map<string, readonly number[]>()
  readonly #statistics: RunningStatistic[] = []
  readonly #scales = new Set<string>()
  readonly #masks: DropoutMask[] = []
  readonly #moved: MovedInput[] = []

  constructor(
    model: Model,
    { analysis, ...classifier }: Classifier & { readonly analysis: Analysis },
    options: TrainingGraphOptions,
    weights: readonly Learnable[],
    isFrozen: (node: Node) => boolean,
  ) {
    this.#model = model
    this.#isFrozen = isFrozen
    this.#options = options
    this.#classifier = classifier
    this.#analysis = analysis
    this.#learnable = weights
    // Shapes are those of this batch, whatever the file says.
    this.#editor = editGraph(model).dropInputs().setOutputs([]).forgetTypes().import('ai.kerf', 1)
  }

  make(): { readonly graph: TrainingGraph; readonly unreached: readonly Unreached[] } {
    const { image, logits, output } = this.#classifier
    // Another head, whose statistics no step would know.
    const features = this.#options.loss?.distillation?.features?.map(({ student }) => student) ?? []
    this.#editor.setOutputs([...new Set([output, ...features])]).dropDead()
    this.#input(image, this.#options.imageShape)
    for (const { name, shape } of this.#learnable) this.#input(name, shape)
    const inputs = new Set(this.#shapes.keys())
    // A Constant that is learnt is an input now.
    this.#editor.rewrite((node) => (node.outputs.some((o) => inputs.has(o)) ? [] : this.#inTraining(node)))
    const emit = new Emitter(this.#editor)
    emit.prefix = 'loss'
    const { loss, scores, targets, teacher } = this.#loss(emit, logits)
    const trunk = this.#editor.setOutputs([loss, scores]).dropDead().model()
    const learnt = this.#learnable.map((l) => l.name)
    const { model, gradients, unreached } = differentiate(
      trunk,
      loss,
      learnt,
      this.#shapes,
      this.#offered(trunk.graph),
      this.#analysis.operators,
    )
    const weights = this.#learnable.map((l) => ({ ...l, gradient: gradients.get(l.name)! }))
    const outputs = [loss, scores, ...weights.map((w) => w.gradient), ...this.#statistics.map((s) => s.next)]
    return {
      unreached,
      graph: {
        model: editGraph(model)
          .setOutputs([...new Set(outputs)])
          .dropDead()
          .model(),
        inputShapes: this.#shapes,
        images: image,
        targets,
        teacher,
        weights,
        statistics: this.#statistics,
        scales: this.#scales,
        masks: this.#masks,
        loss,
        scores,
        notices: [],
        moved: this.#moved,
      },
    }
  }

  #input(name: string, shape: readonly number[]): void {
    this.#editor.input(name, 'float32', shape)
    this.#shapes.set(name, shape)
  }

  readonly #fresh = (wish: string) => this.#editor.name(wish)

  #inTraining(node: Node): Node {
    const known = this.#analysis.calls.get(node)
    const scale = known?.operator.channels?.scale
    if (scale !== undefined) this.#scales.add(node.inputs[scale] ?? '')
    const form = known?.operator.training?.(known.call, this.#fresh)
    // Frozen statistics are those of inference; those that are computed, the batch's own, are not kept running.
    const isKept = (input: number) => this.#analysis.constants.has(node.inputs[input]!)
    const keeps = this.#options.statistics === 'kept' || this.#isFrozen(node)
    if (!form || (form.statistics && (keeps || !form.statistics.every((s) => isKept(s.input))))) return node
    const inputs = [...form.node.inputs]
    for (const { input, output } of form.statistics ?? []) {
      const name = this.#statistic(form.node, input, form.node.outputs[output]!)
      if (name !== inputs[input]) this.#moved.push({ reader: node.outputs[0]!, input, name })
      inputs[input] = name
    }
    if (form.dropout) {
      const { input, rate, shape } = form.dropout
      this.#input(inputs[input]!, shape)
      this.#masks.push({ name: inputs[input]!, rate, shape })
    }
    return { ...form.node, inputs }
  }

  /** @returns the input's name: the stored tensor's own, or another where that is not stored by itself or serves elsewhere, too */
  #statistic(node: Node, input: number, next: string): string {
    const value = node.inputs[input]!
    const stored = this.#analysis.stored.get(value)
    const own = this.#editor.initializers.has(value) && !this.#shapes.has(value) && readers(this.#model, value) === 1
    const name = own ? value : this.#fresh(`${node.name || node.outputs[0]}/statistic${input}`)
    const tensor = stored ?? this.#computed(value)
    this.#input(name, tensor.shape)
    this.#statistics.push({ name, next, shape: tensor.shape, tensor })
    return name
  }

  #computed(value: string): Tensor {
    const { shape, data } = constantContent(this.#analysis, value)
    return tensorOf('float32', shape, data)
  }

  #loss(emit: Emitter, logits: string) {
    const { imageShape, classes, loss: given = { kind: 'crossEntropy' } } = this.#options
    const [batch = 1] = imageShape
    const shape = [batch, classes]
    const flat = (value: string): Shaped => ({
      name: this.#rankOf(value) === 2 ? value : emit.reshape(value, shape),
      shape,
    })
    const targets = this.#fresh('targets')
    this.#input(targets, shape)
    const labels =
      given.kind === 'meanSquaredError'
        ? meanSquaredDifference(emit, flat(this.#classifier.output), targets)
        : crossEntropy(emit, flat(logits), targets, given.labelSmoothing ?? 0)
    if (given.kind === 'crossEntropy') checkLogits(this.#analysis, this.#classifier)
    const scores = flat(given.kind === 'meanSquaredError' ? this.#classifier.output : logits)
    const distilled = given.distillation
    if (!distilled) return { loss: labels, scores: scores.name, targets, teacher: undefined }
    const teacher = this.#fresh('teacher')
    this.#input(teacher, shape)
    const features = (distilled.features ?? []).map(({ student, weight }) => {
      const a = { name: student, shape: this.#shapeOf(student) }
      const name = this.#fresh(`teacher/${student}`)
      this.#input(name, a.shape)
      return { name, part: [weight, meanSquaredDifference(emit, a, name)] as const }
    })
    const loss = weightedSum(emit, [
      [1 - distilled.weight, labels],
      [distilled.weight, divergence(emit, flat(logits), teacher, distilled.temperature)],
      ...features.map((f) => f.part),
    ])
    return { loss, scores: scores.name, targets, teacher: { logits: teacher, features: features.map((f) => f.name) } }
  }

  #rankOf(value: string): number {
    return this.#analysis.values.get(value)?.shape?.length ?? 2
  }

  #shapeOf(value: string): readonly number[] {
    const known = this.#analysis.values.get(value)
    if (known && isConcrete(known.shape)) return known.shape
    throw new KerfError(
      'unknown-value',
      `The network has no value "${value}" of known shape, whose features are to match.`,
      {
        value,
      },
    )
  }

  /** Of the choices asked for, those that some node offers: a recipe names both of adder layers, whatever the network. */
  #offered(graph: Graph): Choices {
    const present = new Set(
      graph.nodes.flatMap(({ domain, opType }) =>
        this.#analysis.operators.get(domain, opType)?.surrogate ? [opType] : [],
      ),
    )
    return Object.fromEntries(
      Object.entries(this.#options.choices ?? {}).filter(([name]) => present.has(name.split('.')[0]!)),
    )
  }
}

const readers = ({ graph }: Model, value: string): number =>
  graph.nodes.reduce((n, node) => n + node.inputs.filter((i) => i === value).length, 0)
