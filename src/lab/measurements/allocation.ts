import { isConcrete, KerfError } from '../../base/index.ts'
import { type DataSets, generatedImages, subset } from '../../data/index.ts'
import { graphInputs, type Model } from '../../graph/index.ts'
import { networkToTime, type PruneResult, predictedMs, recover } from '../../prune/index.ts'
import {
  feedsToTime,
  imagesFor,
  kerfTiming,
  measureTimes,
  type Quality,
  QualityJudge,
  qualityName,
  qualityValue,
  sensitivity,
} from '../../workflow/index.ts'
import { allocations } from '../allocations.ts'
import { atLeast, atMost, control } from '../checks.ts'
import { drawIndices } from '../digits.ts'
import type { Findings, LabContext } from '../experiment.ts'
import { freshLenet } from '../first-iteration.ts'
import { progress } from '../progress.ts'
import { type TrainingPlan, trainBriefly } from '../training.ts'

export interface Settings extends Pick<TrainingPlan, 'trainImages' | 'testImages' | 'epochs' | 'batchSize'> {
  /** Parts of the time that stay. */
  readonly parts: readonly number[]
  readonly criterion: string
  /** Parts of one group that go, to see what it bears. */
  readonly ratios: readonly number[]
  /** Those that sensitivity and recovery look at, without labels. */
  readonly images: number
  /** For each layer at each width; ten times as long for a network. */
  readonly seconds: number
}

/** A network, and what it looks at. */
interface Subject {
  readonly what: string
  readonly model: Model
  readonly sets: DataSets
  readonly labels: boolean
}

async function subjectOf(settings: Settings, context: LabContext): Promise<Subject> {
  const { model: given, seed } = context
  const shape = given && imageShape(given)
  if (given && shape?.join() !== '1,28,28') {
    const [channels = 3, size = 224] = shape ?? []
    const counts = { trainImages: settings.images, testImages: settings.testImages }
    const sets = generatedImages({ ...counts, channels: channels === 1 ? 1 : 3, size, seed })
    return { what: 'the given network, on generated pictures without labels', model: given, sets, labels: false }
  }
  const digits = await context.digits()
  const { sets } = digits
  if (given) return { what: `the given network, on ${digits.name}`, model: given, sets, labels: true }
  const fresh = freshLenet('ordinary', seed, sets.train.classes.length)
  const plan = { ...settings, learningRate: 0.1 }
  const { model } = await trainBriefly(fresh, digits, plan, context, (done) => progress(context, 0.3 * done))
  const what = `LeNet-5-BN, trained on ${settings.trainImages} images in ${settings.epochs} epochs; ${digits.name}`
  return { what, model, sets, labels: true }
}

/** Channels and height of a network's images. */
function imageShape(model: Model): readonly number[] | undefined {
  const type = graphInputs(model.graph)[0]?.type
  const shape = type?.kind === 'tensor' ? type.shape : undefined
  return isConcrete(shape?.slice(1)) ? (shape?.slice(1) as readonly number[]) : undefined
}

/** Undefined where a way does not reach the time: of a small network much is the call. */
const withinReach = (cut: Promise<PruneResult>): Promise<PruneResult | undefined> =>
  cut.catch((error: unknown) => {
    if (error instanceof KerfError && error.code === 'unreachable-target') return undefined
    throw error
  })

/** One way, at one part of the time. */
interface Row {
  readonly part: number
  readonly way: string
  readonly macs: number
  readonly params: number
  /** Geometric mean of what groups keep of the scores; unknown where widths were not chosen by them. */
  readonly kept: number | undefined
  readonly predictedMs: number
  readonly measuredMs: number
  readonly cut: Quality
  readonly recovered: Quality
}

export async function measure(settings: Settings, context: LabContext): Promise<Findings> {
  const { criterion, ratios, images, testImages, seconds, parts } = settings
  const { seed, signal, runtime, threads = 1, clock } = context
  const running = { signal, runtime, threads, onNotice: () => {} }
  const { what, model, sets, labels } = await subjectOf(settings, context)
  const { timing = kerfTiming({ runtime, threads, clock }) } = context
  const times = await measureTimes(model, { timing, seconds, signal })
  await progress(context, 0.5)
  const fit = imagesFor(model, subset(sets.train, drawIndices(sets.train, images, seed + 1)), [])
  const bears = await sensitivity(model, { images: fit, ratios, criterion, seed, labels, ...running })
  await progress(context, 0.6)
  const tested = imagesFor(model, subset(sets.test, drawIndices(sets.test, testImages, seed)), [])
  const judge = await QualityJudge.of(model, tested, { ...running, labels }, { signal })
  const made: { readonly part: number; readonly way: string; readonly result: PruneResult }[] = []
  for (const part of parts)
    for (const { name, cut } of allocations) {
      const result = await withinReach(cut({ model, times, part, criterion, seed, bears, signal }))
      if (result) made.push({ part, way: name, result })
    }
  const models = [model, ...made.map((m) => m.result.model)]
  const runs = models.map((model) => ({ model, feeds: feedsToTime(model) }))
  const [before = 0, ...after] = await timing.time(runs, 10 * seconds, { signal })
  const whole = predictedMs(networkToTime(model, {}), times)
  const rows: Row[] = []
  for (const [i, { result, ...of }] of made.entries()) {
    const recovered = await recover(result, { ...running, images: fit })
    rows.push({
      ...{ ...of, macs: result.after.macs, params: result.after.params, kept: result.budget?.kept },
      predictedMs: predictedMs(networkToTime(result.model, {}), times),
      // As fast as the machine was when the layers were measured.
      measuredMs: (after[i]! * whole) / before,
      cut: await judge.judge(result.model, { signal }),
      recovered: await judge.judge(recovered.model, { signal }),
    })
    await progress(context, 0.7 + (0.3 * rows.length) / made.length)
  }
  return findings(rows, whole, judge, { what, settings })
}

function findings(
  rows: readonly Row[],
  whole: number,
  { given, count }: QualityJudge,
  { what, settings }: { readonly what: string; readonly settings: Settings },
): Findings {
  const at = (part: number, way: string) => rows.find((r) => r.part === part && r.way === way)
  /** What widths by time keep of the scores, by what one ratio keeps. */
  const gain = (part: number) => {
    const [time, uniform] = [at(part, 'time')?.kept, at(part, 'uniform')?.kept]
    return time !== undefined && uniform !== undefined ? time / uniform : undefined
  }
  const value = (quality: Quality) => (100 * qualityValue(quality)).toFixed(2)
  const drawn = (quality: Quality | undefined) => (quality ? qualityValue(quality) : Number.NaN)
  const right = { align: 'right' as const }
  const least = settings.parts.at(-1)!
  const off = Math.max(...rows.map((r) => Math.abs(r.measuredMs / r.predictedMs - 1)))
  return {
    notes: [
      `Measured times are up to ${(100 * off).toFixed(0)} % off the predicted ones. Networks that take less than a tenth of a millisecond are mostly the call.`,
    ],
    data: `${what}; ${settings.images} images for sensitivity and recovery, ${count} to test; channels by ${settings.criterion}`,
    tables: settings.parts.map((part) => ({
      title: `${Math.round(100 * part)} % of the time; ${qualityName(given)} before the cut ${value(given)} %`,
      columns: [
        { key: 'way', header: 'Widths by' },
        { key: 'macs', header: 'MACs', kind: 'count' as const },
        { key: 'params', header: 'Parameters', kind: 'count' as const },
        { key: 'predicted', header: 'Predicted ms', kind: 'ratio' as const },
        { key: 'measured', header: 'Measured ms', kind: 'ratio' as const },
        { key: 'faster', header: 'Times as fast, by ms', kind: 'ratio' as const },
        { key: 'kept', header: 'Kept %', ...right },
        { key: 'cut', header: 'Cut %', ...right },
        { key: 'recovered', header: 'Recovered %', ...right },
        { key: 'cutError', header: 'Output error', kind: 'ratio' as const },
        { key: 'recoveredError', header: 'Recovered', kind: 'ratio' as const },
      ],
      rows: rows
        .filter((r) => r.part === part)
        .map((r) => [
          ...[r.way, r.macs, r.params, r.predictedMs, r.measuredMs, whole / r.measuredMs],
          r.kept === undefined || r.way === 'macs' ? '' : (100 * r.kept).toFixed(1),
          ...[value(r.cut), value(r.recovered), r.cut.outputError, r.recovered.outputError],
        ]),
      notes: [
        ...allocations.map(({ name, what }) => `${name}: ${what}.`),
        'A way that is not here does not reach the time. Kept: the geometric mean over groups of the share of the scores. Output error: ‖difference‖ ÷ ‖what the uncut network gives‖.',
      ],
    })),
    charts: [
      {
        kind: 'bars',
        title: `${qualityName(given)} at ${Math.round(100 * least)} % of the time`,
        format: 'percent',
        categories: allocations.map((a) => a.name),
        series: [
          { name: 'cut', values: allocations.map(({ name }) => drawn(at(least, name)?.cut)) },
          { name: 'recovered', values: allocations.map(({ name }) => drawn(at(least, name)?.recovered)) },
        ],
      },
    ],
    checks: [
      ...settings.parts.flatMap((part) => {
        const what = `${Math.round(100 * part)} % of the time: what widths by time keep of the scores, by what one ratio keeps`
        const measured = gain(part)
        return measured === undefined ? [] : [atLeast(what, 1, measured)]
      }),
      atMost(
        'predicted time of a cut, of what it was to be, the largest',
        1.1,
        Math.max(...rows.map((r) => r.predictedMs / (r.part * whole))),
      ),
      ...settings.parts.flatMap((part) => {
        const what = `${Math.round(100 * part)} % of the time: what one ratio keeps of the scores, by what widths by time keep`
        const measured = gain(part)
        return measured === undefined ? [] : [control(atLeast(what, 1, 1 / measured))]
      }),
    ],
  }
}
