import { KerfError, type Model, type Task } from 'kerf'
import { type PruneOptions, type PruneResult, pruneModel, recover, type ScoringImages, type Target } from 'kerf/prune'
import { type Quality, QualityJudge, type QualityOptions, qualityName, qualityValue } from 'kerf/workflow'

/*
 * As small as a limit of quality lets a network be: between nothing and all, halves are cut, recovered by `recover`, and judged on images that nothing else sees, as `slim` does.
 * Quality falls the more is removed, about; what is found keeps the limit in any case, since it was measured.
 */

/** What a cut may cost. One of the two is given. */
export interface QualityLimit {
  /** √(Σ(y − y₀)² ÷ Σy₀²) of the outputs, at most. */
  readonly outputError?: number
  /** How far quality (`qualityValue`: accuracy, agreement) may fall: 0.01 for one point. */
  readonly maxDrop?: number
}

/** What is cut, and how it is judged. */
export interface PruneWithinOptions extends QualityOptions {
  /** How channels go; the target without its amount. */
  readonly prune: Omit<PruneOptions, keyof Task | 'target' | 'scope' | 'widths'> & {
    readonly target: Omit<Target, 'part' | 'value'>
  }
  /** The images that networks are judged on, as `imagesFor` makes them. */
  readonly images: ScoringImages
  /** Images that layers are solved anew by before a network is judged. Default: it is judged as it was cut, and little can go then. */
  readonly fit?: ScoringImages
  /** What may be lost. */
  readonly limit: QualityLimit
}

/** The smallest cut that was found within a limit. */
export interface PrunedWithin {
  readonly result: PruneResult
  /** Of the target, in hundredths: what the same cut is asked for by. */
  readonly part: number
  /** Of the cut network, recovered where there was something to fit to. */
  readonly quality: Quality
  /** Of the network as it was given. */
  readonly given: Quality
}

/** The part is found to a hundredth. */
const parts = 100

/**
 * Prunes as far as the outputs, or the quality, stay within a limit.
 * @param task progress is told in cuts
 * @throws as `pruneModel`, `recover` and `QualityJudge.of`; KerfError `bad-options` unless there is one limit, `too-much-lost` where already the smallest cut costs more
 */
export async function pruneWithin(model: Model, options: PruneWithinOptions, task: Task = {}): Promise<PrunedWithin> {
  const { prune, images, fit, limit, operators, ...running } = options
  const run = { ...running, operators }
  checkLimit(limit)
  const { signal, progress } = task
  const judge = await QualityJudge.of(model, images, run, { signal })
  // What the first cut measures of the outputs, the others know.
  const known = prune.target.known ?? new Map()
  const attempt = async (hundredths: number): Promise<PrunedWithin> => {
    const part = hundredths / parts
    const target = { ...prune.target, known, part }
    const result = await pruneModel(model, { ...prune, target, signal })
    const { model: made } = fit ? await recover(result, { ...run, images: fit, signal }) : result
    return { result, part, quality: await judge.judge(made, { signal }), given: judge.given }
  }
  const cuts = Math.ceil(Math.log2(parts))
  let [low, high] = [0, parts]
  let [best, worst] = [undefined as PrunedWithin | undefined, undefined as PrunedWithin | undefined]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const done = cuts - Math.ceil(Math.log2(high - low))
    progress?.({ what: `cutting to ${middle} %`, done, total: cuts, unit: 'cuts' })
    const tried = await attempt(middle).catch((error: unknown) => {
      if (error instanceof KerfError && error.code === 'unreachable-target') return undefined
      throw error
    })
    if (tried && isWithin(tried, limit)) [best, high] = [tried, middle]
    else [worst, low] = [tried ?? worst, middle]
  }
  if (!best) throw tooMuchLost(worst ?? (await attempt(parts - 1)), limit)
  return best
}

/** @throws KerfError `bad-options` */
function checkLimit({ outputError, maxDrop }: QualityLimit): void {
  const [limit, other] = [outputError, maxDrop].filter((value) => value !== undefined)
  if (limit === undefined || other !== undefined || !(limit >= 0 && limit < 1))
    throw new KerfError(
      'bad-options',
      `Say in one way what may be lost, from 0 to below 1: the outputs’ error (outputError), or a fall of quality (maxDrop). Received ${outputError} and ${maxDrop}.`,
    )
}

const isWithin = ({ quality, given }: PrunedWithin, { outputError, maxDrop = 0 }: QualityLimit): boolean =>
  outputError === undefined
    ? qualityValue(quality) >= qualityValue(given) - maxDrop - 1e-9
    : quality.outputError <= outputError

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`

function tooMuchLost({ quality, given }: PrunedWithin, { outputError }: QualityLimit): KerfError {
  const lost =
    outputError === undefined
      ? `${qualityName(given)} falls from ${percent(qualityValue(given))} to ${percent(qualityValue(quality))}`
      : `the outputs are off by ${percent(quality.outputError)}`
  return new KerfError(
    'too-much-lost',
    `Nothing can be removed within this limit: already by the smallest cut that was tried ${lost}. Allow more, or rank channels by another criterion.`,
    { quality },
  )
}
