import { KerfError, type NamePattern } from '../../base/index.ts'
import type { SparseWeight, SparsityContext } from './method.ts'

/** Options of every sparsity method. */
export interface CommonSparsityOptions {
  /** Layers and tensors that the method leaves alone, by name. None by default. */
  readonly keep?: readonly NamePattern[]
}

const namesOf = ({ name, layers }: SparseWeight): readonly string[] => [name, ...layers]

/** Whether a weight is to be left alone, by its name or that of a layer. */
export const isKept = ({ keep = [] }: CommonSparsityOptions, weight: SparseWeight): boolean =>
  keep.some((pattern) => namesOf(weight).some((name) => pattern.matches(name)))

/** @throws KerfError `bad-options` for a pattern that matches nothing: a mistake, not a wish for nothing */
export function checkKeep({ weights }: SparsityContext, { keep = [] }: CommonSparsityOptions): void {
  for (const pattern of keep)
    if (!weights.some((w) => isKept({ keep: [pattern] }, w)))
      throw new KerfError(
        'bad-options',
        `sparsity.keep: "${pattern.text}" matches nothing that is learnt. There are: ${weights.map((w) => w.name).join(', ')}.`,
        { pattern: pattern.text },
      )
}

/**
 * The weights of one role that a method is to work on.
 * @throws KerfError `bad-options` where there are none, and as `checkKeep`
 */
export function targetsOf(
  context: SparsityContext,
  options: CommonSparsityOptions,
  role: SparseWeight['role'],
): SparseWeight[] {
  checkKeep(context, options)
  const known = context.weights.filter((w) => w.role === role)
  const targets = known.filter((w) => !isKept(options, w))
  if (targets.length > 0) return targets
  const what = role === 'scale' ? 'scales of normalisations' : 'weights of convolutions or linear layers'
  throw new KerfError(
    'bad-options',
    known.length > 0
      ? `sparsity.keep leaves no ${what} to make sparse.`
      : `The network learns no ${what}, which sparsity is to work on.`,
  )
}
