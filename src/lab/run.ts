import { type Progress, stoppable } from '../base/index.ts'
import { experimentOf } from './catalogue.ts'
import { verdictOf } from './checks.ts'
import type { Experiment, Findings, LabContext } from './experiment.ts'

/** An experiment and what came out of it. */
export interface Outcome extends Findings {
  /** What was run. */
  readonly experiment: Experiment
  /** What it was run with: the same one gives the same numbers. */
  readonly seed: number
  /** Which settings: the quick or the full ones. */
  readonly full: boolean
  /** Whether a recipe's were taken in their place. */
  readonly ofRecipe: boolean
  /** Those settings. */
  readonly settings: object
  /** Every statement holds, and every control fails. */
  readonly holds: boolean
  /** How long it took. */
  readonly timeMs: number
}

/**
 * Runs one experiment, with its quick settings unless `full` asks for the others. The same seed gives the same numbers, measured times excepted.
 * @param given one of `experiments` by its name, or one of your own
 * @throws KerfError `unknown-experiment`, `aborted`, and what the experiment throws
 */
export async function runExperiment(
  given: string | Experiment,
  {
    full = false,
    ...context
  }: LabContext & {
    /** False by default. */
    readonly full?: boolean
  },
): Promise<Outcome> {
  const experiment = experimentOf(given)
  const { comparison } = context
  const settings = full ? experiment.settings.full : experiment.settings.quick
  const start = performance.now()
  const progress = (p: Progress) => context.progress?.({ ...p, what: experiment.name })
  const findings = await stoppable('The experiment', () => experiment.run(settings, { ...context, progress }))
  progress({ what: experiment.name, done: 1, total: 1 })
  return {
    ...findings,
    experiment,
    seed: context.seed,
    full,
    ofRecipe: comparison !== undefined,
    settings: comparison?.settings ?? settings,
    holds: verdictOf(findings.checks),
    timeMs: performance.now() - start,
  }
}
