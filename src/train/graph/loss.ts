import type { GradientEmitter } from '../../graph/index.ts'

/*
 * Losses as graph nodes, over logits z [N, K] and targets t [N, K] (rows that sum to 1):
 *
 *   crossEntropy       −1/N Σ t′·ln softmax(z),  t′ = (1 − ε)·t + ε/K                       (label smoothing: Szegedy et al. 2016)
 *   meanSquaredError   1/(N·K) Σ (y − t)²,  y the network's output as it is
 *   distillation       (1 − w)·L + w·T²·1/N Σ p·(ln p − ln softmax(z/T)),  p = softmax(teacher/T)     (Hinton et al. 2015)
 *                      + Σ weight · mean (student feature − teacher feature)²               (FitNets, Romero et al. 2015)
 */

/** What training makes small. */
export interface LossOptions {
  /** Of the logits against their labels, or of the outputs as they are. */
  readonly kind: 'crossEntropy' | 'meanSquaredError'
  /** ε; 0 by default. */
  readonly labelSmoothing?: number
  /** What a larger network, the trainer's `teacher`, says beside the labels. */
  readonly distillation?: DistillationOptions
}

/** Learning from another network's outputs (Hinton et al. 2015) and features (FitNets, Romero et al. 2015). */
export interface DistillationOptions {
  /** T. */
  readonly temperature: number
  /** w, in [0, 1]: the labels have the rest. */
  readonly weight: number
  /** Values of both networks, of the same shape, and what their mean squared difference counts. */
  readonly features?: readonly {
    /** A value of the network that learns. */
    readonly student: string
    /** One of its teacher. */
    readonly teacher: string
    /** A factor of the loss. */
    readonly weight: number
  }[]
}

/** A value with its shape. */
export interface Shaped {
  readonly name: string
  readonly shape: readonly number[]
}

const sumOf = (emit: GradientEmitter, value: string, rank: number) =>
  emit.sum(
    value,
    Array.from({ length: rank }, (_, axis) => axis),
    false,
  )

const scaled = (emit: GradientEmitter, value: string, factor: number) =>
  factor === 1 ? value : emit.node('Mul', [value, emit.floats([factor])])

export function crossEntropy(emit: GradientEmitter, logits: Shaped, targets: string, smoothing: number): string {
  const [batch = 1, classes = 1] = logits.shape
  const logarithms = emit.node('LogSoftmax', [logits.name], { axis: 1 })
  const smooth =
    smoothing === 0
      ? targets
      : emit.node('Add', [scaled(emit, targets, 1 - smoothing), emit.floats([smoothing / classes])])
  return scaled(emit, sumOf(emit, emit.node('Mul', [smooth, logarithms]), 2), -1 / batch)
}

/** Mean of (a − b)² over all elements. */
export function meanSquaredDifference(emit: GradientEmitter, a: Shaped, b: string): string {
  const difference = emit.node('Sub', [a.name, b])
  const count = a.shape.reduce((product, d) => product * d, 1)
  return scaled(emit, sumOf(emit, emit.node('Mul', [difference, difference]), a.shape.length), 1 / count)
}

/** T²·KL(teacher ‖ student), both at temperature T, the mean over the batch. */
export function divergence(emit: GradientEmitter, logits: Shaped, teacher: string, temperature: number): string {
  const softened = (value: string) => emit.node('LogSoftmax', [scaled(emit, value, 1 / temperature)], { axis: 1 })
  const [wanted, given] = [softened(teacher), softened(logits.name)]
  const terms = emit.node('Mul', [emit.node('Exp', [wanted]), emit.node('Sub', [wanted, given])])
  return scaled(emit, sumOf(emit, terms, 2), temperature ** 2 / logits.shape[0]!)
}

/** Σ factor · loss; parts of factor 0 are left out. */
export function weightedSum(
  emit: GradientEmitter,
  parts: readonly (readonly [factor: number, loss: string])[],
): string {
  const [first, ...more] = parts.filter(([factor]) => factor !== 0).map(([factor, loss]) => scaled(emit, loss, factor))
  return more.reduce((sum, part) => emit.node('Add', [sum, part]), first!)
}
