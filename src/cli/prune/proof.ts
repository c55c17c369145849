import { KerfError } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import type { PruneResult } from '../../prune/index.ts'
import { type Agreement, checkAgreement, toleranceFor } from '../agreement.ts'
import { loadOrt } from '../onnx-runtime.ts'
import type { InputShapes } from '../options.ts'

export interface ProofOptions {
  readonly dryRun?: boolean
  readonly check: boolean
  readonly input?: InputShapes
}

/** What keeps a network from being run, though it can be cut. */
const cannotRun = ['runtime-refused', 'unsupported-input', 'too-large']

/** Runs masked against cut, before anything is written. */
export async function proof(
  result: PruneResult,
  options: ProofOptions,
): Promise<{ check: Agreement | null; why?: string }> {
  if (options.dryRun) return { check: null, why: 'Nothing was run (--dry-run).' }
  if (!options.check) return { check: null, why: 'The result was not checked (--no-check).' }
  if (!result.masked) return { check: null }
  const ort = await loadOrt()
  if (!ort)
    return {
      check: null,
      why: 'The result was not checked: onnxruntime-node is not installed (npm install onnxruntime-node --onnxruntime-node-install=skip).',
    }
  const check = await checkAgreement(ort, result, result.masked as Model, options.input).catch((error: unknown) => {
    const { code, message, details } = error as Partial<KerfError>
    if (!(error instanceof KerfError) || !cannotRun.includes(code as string)) throw error
    throw new KerfError(
      code as string,
      `${message} Nothing was written, because it cannot be checked; --no-check writes it unchecked.`,
      details,
    )
  })
  if (!check)
    return {
      check: null,
      why: 'The result was not checked: on random input no output of the network holds a finite number.',
    }
  const tolerance = toleranceFor(result.model)
  if (!(check.maxRelDiff <= tolerance))
    throw new KerfError(
      'not-faithful',
      `The cut network differs from the masked one by ${check.maxRelDiff.toExponential(1)} of its largest output; ${tolerance} is allowed. Nothing was written. This is a defect in Kerf, or the network amplifies rounding; --no-check writes it anyway.`,
      { ...check },
    )
  return { check }
}
