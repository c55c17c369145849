import { stoppable, type Task } from '../base/index.ts'
import { profileAnalysed } from '../cost/index.ts'
import { analyse, inFloat32 } from '../graph/index.ts'
import { withKeptClasses } from '../image/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import {
  type MeansReplaced,
  type PruneOptions,
  type PruneResult,
  pruneModel,
  type RecoveredStep,
  replaceMeans,
} from '../prune/index.ts'
import { imagesFor, inputsForImages } from './images.ts'
import { type Proof, type ProofOptions, prove } from './prove/prove.ts'
import { type RecoverCutOptions, recoverCut } from './recovery.ts'
import { type InTimeOptions, pruneInTime, type TimeMeasured } from './times/prune-in-time.ts'

/** What is cut, and how that is proved. */
export interface PruneAndProveOptions extends Task {
  /** What is cut. Sizes that the file leaves open are those of the images, where there are any. */
  readonly prune: Omit<PruneOptions, keyof Task>
  /** How masked and cut network are run against each other, by default on inputs that it is cut for; false: they are not. */
  readonly proof?: ProofOptions | false
  /** With what the cut network is recovered by `recoverCut`, once it is proved; `without-images`: by `replaceMeans`. Left out, it is not. */
  readonly recover?: Omit<RecoverCutOptions, keyof Task> | 'without-images'
  /** For a target in milliseconds: where networks are timed. Layers that the target's table lacks are measured, and the cut network as a whole; where the prediction was wrong it is cut anew. */
  readonly inTime?: InTimeOptions
}

/** A cut network and its proof. */
export interface Pruned {
  /** `model` tells the names of the classes that are left, where outputs were cut. */
  readonly result: PruneResult
  /** That it does what the masked one does, before it is recovered. */
  readonly proof: Proof
  /** What recovery did; undefined where none was asked for. */
  readonly recovery?: readonly RecoveredStep[]
  /** What was done without images, where that was asked for. */
  readonly meansReplaced?: Omit<MeansReplaced, 'model'>
  /** Times of both networks, where `inTime` asked for them. */
  readonly measured?: TimeMeasured
}

/**
 * Prunes a network, and shows that what was cut is what the masked network does; then recovers it, where that is asked for.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @throws KerfError as `pruneModel`, `prove`, `recoverCut` and `replaceMeans`; `aborted`
 */
export const pruneAndProve = (
  source: ModelSource,
  { prune, proof = {}, inTime, recover: recovery, signal, progress }: PruneAndProveOptions,
): Promise<Pruned> =>
  stoppable(
    'Pruning',
    async () => {
      const { target } = prune
      const file = await modelOf(source, { signal })
      const given = prune.images || typeof recovery === 'object' ? inFloat32(file) : file
      const images =
        prune.images ??
        (typeof recovery === 'object' ? imagesFor(given, recovery.images, recovery.transforms ?? []) : undefined)
      const inputs = prune.inputs ?? (images && inputsForImages(given, images))
      const { result, measured } =
        inTime && target?.of === 'milliseconds'
          ? await pruneInTime(given, { ...prune, inputs, target }, inTime, { signal, progress })
          : { result: await pruneModel(given, { ...prune, inputs, signal, progress }), measured: undefined }
      const shown =
        proof === false ? { check: null } : await prove(result, { ...proof, inputs: proof.inputs ?? inputs, signal })
      const times = measured ? { measured } : {}
      if (!recovery) return { result: withNames(result), proof: shown, ...times }
      if (recovery === 'without-images') {
        const { model, ...told } = await replaceMeans(result, { operators: prune.operators, signal })
        return { result: withNames(recounted(result, model)), proof: shown, meansReplaced: told, ...times }
      }
      const { model, steps } = await recoverCut(result, recovery, { signal, progress })
      return { result: withNames(recounted(result, model)), proof: shown, recovery: steps, ...times }
    },
    prune,
  )

/** What a network costs that got other weights, and perhaps biases. */
function recounted(result: PruneResult, model: PruneResult['model']): PruneResult {
  const { operators, options } = result.analysis
  return { ...result, model, after: profileAnalysed(analyse(model, operators, options)).totals }
}

/** The names of the classes that are left, where outputs were cut. */
function withNames(result: PruneResult): PruneResult {
  const { model, outputs } = result
  const kept = outputs.get(model.graph.outputs[0]?.name ?? '')?.get(1)
  return kept ? { ...result, model: withKeptClasses(model, kept) } : result
}

/** Whether weights are set to zero and nothing is removed. */
export const zeroesWeights = ({ methods }: Pick<PruneOptions, 'methods'>): boolean =>
  methods?.some((m) => m === 'weight' || m === 'nm') ?? false

/**
 * The part that one of n equal cuts takes of what is left, so that all together take `part` of the whole: 1 − (1 − part)^(1/n).
 * Weights that are set to zero stay and are counted again by the next cut: there `part` grows from cut to cut instead.
 */
export function partOf<O extends Omit<PruneOptions, keyof Task>>(options: O, iteration: number, iterations: number): O {
  const stays = zeroesWeights(options)
  const share = (part: number) => 1 - (1 - part) ** (stays ? iteration / iterations : 1 / iterations)
  const scope = options.scope && {
    ...options.scope,
    ratio: share(options.scope.ratio),
    perLayer: options.scope.perLayer?.map((p) => ({ ...p, ratio: share(p.ratio) })),
  }
  const part = options.target?.part
  const target = part === undefined ? options.target : { ...options.target!, part: part ** (1 / iterations) }
  return { ...options, scope, target }
}
