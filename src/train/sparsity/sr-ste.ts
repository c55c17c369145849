import { checkPattern, highestOfRuns, type InputRuns, KerfError, type NmPattern } from '../../base/index.ts'
import type { NamedArrays } from '../optimisers/state.ts'
import type { SparseWeight, SparsityMethod } from './method.ts'
import { checkPenalty } from './slimming.ts'
import { type CommonSparsityOptions, targetsOf } from './targets.ts'

/*
 * w the dense weights, m their mask: 1 for the N largest magnitudes of every M consecutive inputs of an output. The network calculates with m⊙w; its gradient is
 * taken for that of w (straight through), with a term that makes the masked ones smaller, so that masks settle:
 *   g ← ∂L/∂(m⊙w) + λ·(1 − m)⊙w
 *
 * Zhou et al., Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch, ICLR 2021, equation 9 (SR-STE).
 */

/** The pattern, and how masked weights are held back. */
export interface StructuredSparsityOptions extends CommonSparsityOptions, NmPattern {
  /** λ; 0.0002 by default, 0 for the plain straight-through estimator. */
  readonly penalty?: number
}

/** A weight with its dense values and their mask. */
interface Dense {
  readonly weight: SparseWeight
  readonly inputs: InputRuns
  readonly values: Float32Array
  mask: Uint8Array
}

/** N:M sparsity, learnt: the network always has N of M, the dense weights behind it decide which. */
export const srSte: SparsityMethod<StructuredSparsityOptions> = {
  name: 'sr-ste',
  rule: 'g \\leftarrow \\frac{\\partial L}{\\partial (m \\odot w)} + \\lambda\\,(1 - m) \\odot w',
  source: 'Zhou et al., Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch, ICLR 2021',
  averages: false,
  start: (context, options) => {
    const { n, m, penalty = 2e-4 } = options
    checkPattern(options)
    if (penalty !== 0) checkPenalty(penalty)
    const { inputs } = context.layout()
    const dense = targetsOf(context, options, 'layer').flatMap((weight): Dense[] => {
      const runs = inputs.get(weight.name)
      return runs && runs.run > n
        ? [{ weight, inputs: runs, values: weight.value.slice(), mask: new Uint8Array(0) }]
        : []
    })
    if (dense.length === 0)
      throw new KerfError(
        'bad-options',
        `No layer has more than ${n} inputs, so that ${n}:${m} leaves all as they are.`,
        { n, m },
      )
    const show = ({ weight: { value }, values, mask }: Dense) => {
      for (let i = 0; i < value.length; i++) value[i] = mask[i] === 0 ? 0 : values[i]!
    }
    const choose = (of: Dense) => {
      of.mask = highestOfRuns(of.values.map(Math.abs), of.weight.shape, of.inputs, options)
      show(of)
    }
    for (const of of dense) choose(of)
    return {
      beforeUpdate: (gradientOf) => {
        for (const { weight, values, mask } of dense) {
          const gradient = gradientOf(weight.name)
          for (let i = 0; i < values.length; i++) if (mask[i] === 0) gradient[i] = gradient[i]! + penalty * values[i]!
          weight.value.set(values)
        }
      },
      afterUpdate: () => {
        for (const of of dense) {
          of.values.set(of.weight.value)
          choose(of)
        }
      },
      undo: () => {
        for (const of of dense) show(of)
      },
      settled: () => true,
      exportState: () => new Map(dense.map(({ weight, values }) => [`dense/${weight.name}`, values])),
      importState: (state: NamedArrays) => {
        for (const of of dense) {
          const saved = state.get(`dense/${of.weight.name}`)
          if (saved?.length !== of.values.length)
            throw new KerfError('bad-state', `The state has no dense weights of "${of.weight.name}".`, {
              name: of.weight.name,
            })
          of.values.set(saved)
          choose(of)
        }
      },
    }
  },
}
