import { KerfError, type NamePattern } from '../../base/index.ts'
import type { SparseWeight, SparsityContext } from './method.ts'

/** Options of every sparsity method. */
export interface CommonSparsityOptions {
  /** Layers and tensors that the method leaves alone, by name. None by default. */
  readonly keep?: readonly NamePattern[]
}

const namesOf = ({ name, layers }: SparseWeight): readonly string[] => [name, ...layers]

/**
 * The weights of one role that a method is to work on.
 * @throws KerfError `bad-options` where there are none, and for a pattern of `keep` that matches nothing
 */
export function targetsOf(
  { weights }: SparsityContext,
  { keep = [] }: CommonSparsityOptions,
  role: SparseWeight['role'],
): SparseWeight[] {
  const known = weights.filter((w) => w.role === role)
  for (const pattern of keep)
    if (!weights.some((w) => namesOf(w).some((name) => pattern.matches(name))))
      throw new KerfError(
        'bad-options',
        `sparsity.keep: "${pattern.text}" matches nothing that is learnt. There are: ${weights.map((w) => w.name).join(', ')}.`,
        { pattern: pattern.text },
      )
  const targets = known.filter((w) => !keep.some((pattern) => namesOf(w).some((name) => pattern.matches(name))))
  if (targets.length > 0) return targets
  const what = role === 'scale' ? 'scales of BatchNormalization' : 'weights of convolutions or linear layers'
  throw new KerfError(
    'bad-options',
    known.length > 0
      ? `sparsity.keep leaves no ${what} to make sparse.`
      : `The network learns no ${what}, which sparsity is to work on.`,
  )
}
