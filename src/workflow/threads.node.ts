import { type Task, withDefaults } from '../base/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.node.ts'
import type { PruneResult, Recovered } from '../prune/index.ts'
import { nodeRuntime } from '../runtime/index.node.ts'
import {
  comparePruning as compareIn,
  type PruningComparison,
  type PruningComparisonOptions,
} from './compare-pruning.ts'
import { installedOrt } from './prove/onnx-runtime.node.ts'
import { type Proof, type ProofOptions, prove as proveIn } from './prove/prove.ts'
import { type PruneAndProveOptions, type Pruned, pruneAndProve as pruneIn } from './prune.ts'
import { type RecoverCutOptions, recoverCut as recoverIn } from './recovery.ts'
import { type Sensitivity, type SensitivityOptions, sensitivity as sensitivityIn } from './sensitivity.ts'
import { isTime, type SwapOptions, type Swapped, swapAndMeasure as swapIn } from './swap/swap.ts'
import { kerfTiming } from './times/runtimes.node.ts'

const here = (options: ProofOptions): ProofOptions =>
  withDefaults(options, { runtime: nodeRuntime, beside: installedOrt })

/** `prove` with threads of Node, and ONNX Runtime beside it where that is installed. */
export function prove(result: PruneResult, options: ProofOptions = {}): Promise<Proof> {
  return proveIn(result, here(options))
}

/** `pruneAndProve`, likewise, and with paths of files. */
export async function pruneAndProve(source: ModelSource, options: PruneAndProveOptions): Promise<Pruned> {
  return pruneIn(await modelOf(source, options), {
    ...options,
    prune: withDefaults(options.prune, { runtime: nodeRuntime }),
    recover:
      typeof options.recover === 'object' ? withDefaults(options.recover, { runtime: nodeRuntime }) : options.recover,
    proof: options.proof !== false && here(options.proof ?? {}),
  })
}

/** `recoverCut` with threads of Node. */
export function recoverCut(result: PruneResult, options: RecoverCutOptions, task: Task = {}): Promise<Recovered> {
  return recoverIn(result, withDefaults(options, { runtime: nodeRuntime }), task)
}

/** `comparePruning` with threads of Node, and paths of files. */
export async function comparePruning(
  source: ModelSource,
  options: PruningComparisonOptions,
  task: Task = {},
): Promise<PruningComparison> {
  return compareIn(
    await modelOf(source, { ...options, ...task }),
    withDefaults(options, { runtime: nodeRuntime }),
    task,
  )
}

/** `swapAndMeasure` with threads of Node, and paths of files. */
export async function swapAndMeasure<S extends object>(source: ModelSource, options: SwapOptions<S>): Promise<Swapped> {
  const { target, threads } = options
  const timing = isTime(target) ? kerfTiming({ threads }) : undefined
  return swapIn(await modelOf(source, options), withDefaults(options, { runtime: nodeRuntime, timing }))
}

/** `sensitivity` with threads of Node, and paths of files. */
export async function sensitivity(
  source: ModelSource,
  options: SensitivityOptions,
  task: Task = {},
): Promise<Sensitivity> {
  return sensitivityIn(await modelOf(source, task), withDefaults(options, { runtime: nodeRuntime }), task)
}
