import { type ElementType, KerfError, stoppable, type Task } from '../../base/index.ts'
import { type Analysis, editGraph, type Model, withInputShapes } from '../../graph/index.ts'
import type { PruneResult } from '../../prune/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import { forBatch } from '../images.ts'
import { type Agreement, compareOutputs, countNaN, toleranceFor } from './agreement.ts'
import { type Change, changeOf, type ImageFeeds } from './change.ts'
import { type Compared, comparedValues } from './compared-values.ts'
import { cannotRun, type Engine, ownEngine } from './engine.ts'
import { type Feed, type Outputs, randomFeeds } from './feeds.ts'
import { firstInfinite } from './infinite.ts'

/*
 * The proof that a cut is right: the masked network, in the old shapes, and the cut one get the same random input. Kerf's own runtime decides. ONNX
 * Runtime runs both beside it where it is installed; where it alone finds them different, that is a doubt, and said as one. Values are compared in front
 * of saturating functions (`comparedValues`), as a part of the largest. What is allowed, 1e-4 for float32, is a hundred times what rounding does to most
 * networks; some amplify it. There the bound is what the masked network makes of an input that is rounded otherwise in its last place, 16 times:
 * that is one sample of what rounding in every layer adds up to, and whatever hides below it no float32 runtime can tell from rounding.
 *
 * Where a value inside the masked network leaves float32, it is infinite, and 0 times that no number; the cut network has neither. What is no number
 * there for such a reason cannot be compared. The rest is, and it is told.
 */

/** What runs the two networks, and on what. */
export interface ProofOptions extends RunningOptions, Pick<Task, 'signal'> {
  /** Shapes of inputs whose dimensions are symbolic. */
  readonly inputs?: ReadonlyMap<string, readonly number[]>
  /** The model as it was given: what an inexact cut is measured against, besides the masked network. */
  readonly given?: Model
  /** What an inexact cut is measured on; by default random numbers. */
  readonly images?: ImageFeeds
  /** Kerf's runtime by default, on one thread. */
  readonly own?: Engine
  /** Another runtime beside it; in Node ONNX Runtime by default, where it is installed. */
  readonly beside?: () => Promise<Engine | undefined>
}

/** Whether a cut network does what the masked one does. */
export interface Proof {
  /** Null: not checked. */
  readonly check: Agreement | null
  /** Largest `maxRelDiff` that passes. */
  readonly allowed?: number
  /** Sentences: why it was not checked, or what is to be said of it. */
  readonly why?: string
  /** What an inexact cut changes, in the place of a check. */
  readonly change?: Change
}

const roundings = 16

/**
 * Runs masked against cut, in memory; nothing is written. Weights that were set to zero are not run: nothing was cut.
 * @throws KerfError `not-faithful` where they differ; where nobody can run them, why; `aborted`
 */
export const prove = (result: PruneResult, options: ProofOptions = {}): Promise<Proof> =>
  stoppable('The check', () => proved(result, options))

async function proved(result: PruneResult, options: ProofOptions): Promise<Proof> {
  if (!result.masked) return { check: null }
  const { own = ownEngine(options), beside = async () => undefined, inputs, signal } = options
  if (result.inexact.length > 0) return measured(result, options, own, await beside())
  const pair = pairOf(result, result.masked, inputs)
  const first = await judge(own, pair, signal)
  const engine = await beside()
  const second = engine && (await judge(engine, pair, signal))
  const decides = first.cannot && second && !second.cannot ? second : first
  if (decides.cannot !== undefined) throw notRun(decides.cannot)
  const { agreement, allowed, infinite } = decides
  if (!agreement)
    return {
      check: null,
      why: `The result was not checked: on random input no output of the network holds a finite number${infinite ? `, as "${infinite.value}" is infinite inside` : ''}.`,
    }
  if (!(agreement.maxRelDiff <= allowed)) throw notFaithful(agreement, allowed, decides === first)
  const notes = [
    ...(allowed > toleranceFor(result.model)
      ? [
          `The network amplifies rounding: ${allowed.toExponential(1)} was allowed, ${roundings} times what another rounding of the input does.`,
        ]
      : []),
    ...(infinite ? [notCompared(infinite)] : []),
    ...(decides === first && second ? doubts(second) : []),
  ]
  return { check: agreement, allowed, ...(notes.length > 0 ? { why: notes.join(' ') } : {}) }
}

/** There is nothing to prove of an inexact cut. */
async function measured(
  result: PruneResult,
  { inputs, given, images, signal }: ProofOptions,
  own: Engine,
  beside: Engine | undefined,
): Promise<Proof> {
  const on = images ?? { images: 0, feeds: feedsOf(result.model, inputs) }
  const sized = (model: Model) => sizedFor(images ? forBatch(model, images.feeds[0]?.shape[0] ?? 1) : model, on.feeds)
  const change = await changeOf(result, given, on, sized, [own, beside], signal)
  if (change instanceof KerfError) throw notRun(change)
  const what = images ? 'On these images' : 'On random input'
  return { check: null, ...(change ? { change } : { why: `${what} no output of the network holds a finite number.` }) }
}

const notRun = ({ code, message, details }: KerfError): KerfError =>
  new KerfError(
    code,
    `${message} Nothing was written, because it cannot be checked; --no-check writes it unchecked.`,
    details,
  )

function notFaithful(agreement: Agreement, allowed: number, isOwn: boolean): KerfError {
  const who = isOwn ? '' : 'Kerf cannot run this network. In ONNX Runtime '
  return new KerfError(
    'not-faithful',
    `${who}${isOwn ? 'T' : 't'}he cut network differs from the masked one by ${agreement.maxRelDiff.toExponential(1)} of its largest output; ${allowed.toExponential(1)} is allowed. Nothing was written. Please report it with the model; --no-check writes it anyway.`,
    { ...agreement },
  )
}

const notCompared = ({ value, nan, all }: Infinite): string =>
  `On random input "${value}" is infinite inside the network, and 0 times that no number: ${nan.toLocaleString('en')} of ${all.toLocaleString('en')} values of its outputs could not be compared.`

/** What ONNX Runtime finds where Kerf's own runtime finds both networks alike. */
function doubts({ agreement, allowed, cannot, masked }: Judgement): string[] {
  if (cannot && masked)
    return [`A doubt: ONNX Runtime runs the masked network and not the cut one (${cannot.message.replace(/\.$/, '')}).`]
  if (!agreement || agreement.maxRelDiff <= allowed) return []
  return [
    `A doubt: in ONNX Runtime the two networks differ by ${agreement.maxRelDiff.toExponential(1)} of the largest output. Kerf's own runtime finds them alike, so that is likely how ONNX Runtime rounds; compare both on your data.`,
  ]
}

interface Pair {
  readonly analysis: Analysis
  readonly masked: Model
  readonly cut: Model
  readonly feeds: readonly Feed[]
  readonly compared: readonly Compared[]
  readonly tolerance: number
}

/** A value inside the masked network that is infinite, and how many values of its outputs are no numbers. */
interface Infinite {
  readonly value: string
  readonly nan: number
  readonly all: number
}

interface Judgement {
  readonly allowed: number
  /** Undefined where there is nothing to compare. */
  readonly agreement?: Agreement
  /** Why what is no number was not compared. */
  readonly infinite?: Infinite
  /** Why it could not be run. */
  readonly cannot?: KerfError
  /** Whether the masked network could be. */
  readonly masked?: boolean
}

/** Both networks with the compared values as outputs, of the sizes that are fed. */
function pairOf(result: PruneResult, masked: Model, inputs: ProofOptions['inputs']): Pair {
  const feeds = feedsOf(result.model, inputs)
  const compared = comparedValues(result)
  const names = compared.map(({ name }) => name)
  const sized = (model: Model): Model => editGraph(sizedFor(model, feeds)).setOutputs(names).model()
  const { analysis, model } = result
  return { analysis, masked: sized(masked), cut: sized(model), feeds, compared, tolerance: toleranceFor(model) }
}

const sizedFor = (model: Model, feeds: readonly Feed[]): Model =>
  withInputShapes(model, new Map(feeds.map((f) => [f.name, f.shape])))

function feedsOf(model: Model, inputs: ProofOptions['inputs']): Feed[] {
  try {
    return randomFeeds(model, inputs, 1)
  } catch (error) {
    throw error instanceof KerfError && cannotRun.has(error.code) ? notRun(error) : error
  }
}

async function judge(engine: Engine, pair: Pair, signal: AbortSignal | undefined): Promise<Judgement> {
  const { masked, cut, feeds, compared, tolerance } = pair
  const run = (model: Model, given = feeds) => engine.run(model, given, signal)
  const surviving = new Map(compared.map((c) => [c.name, c.surviving]))
  let expected: Outputs | undefined
  try {
    expected = await run(masked)
    const got = await run(cut)
    const agreement = compareOutputs(expected, got, surviving)
    if (!agreement || agreement.maxRelDiff <= tolerance) return { agreement, allowed: tolerance }
    const infinite = await infiniteIn(pair, expected, surviving, run)
    const ofNumbers = infinite ? compareOutputs(expected, got, surviving, true) : agreement
    if (!ofNumbers || ofNumbers.maxRelDiff <= tolerance) return { agreement: ofNumbers, allowed: tolerance, infinite }
    const otherwise = await run(masked, feeds.map(roundedOtherwise))
    const rounded = compareOutputs(expected, otherwise, new Map(), infinite !== undefined)
    const amplified = roundings * (rounded?.maxRelDiff ?? 0)
    // Where rounding makes NaN or infinity of a number, it is no measure: everything would pass.
    const allowed = Number.isFinite(amplified) ? Math.max(tolerance, amplified) : tolerance
    return { agreement: ofNumbers, allowed, infinite }
  } catch (error) {
    if (!(error instanceof KerfError) || !cannotRun.has(error.code)) throw error
    return { cannot: error, allowed: tolerance, masked: expected !== undefined }
  }
}

/** Whether outputs are no numbers for a reason inside the masked network; not looked for where all are numbers. */
async function infiniteIn(
  { masked, analysis }: Pair,
  outputs: Outputs,
  surviving: PruneResult['outputs'],
  run: (model: Model) => Promise<Outputs>,
): Promise<Infinite | undefined> {
  const counts = countNaN(outputs, surviving)
  const value = counts.nan === 0 ? undefined : await firstInfinite(masked, analysis, run)
  return value === undefined ? undefined : { value, ...counts }
}

const lastPlace: Partial<Record<ElementType, number>> = { float64: 2 ** -52, float32: 2 ** -23, float16: 2 ** -10 }

/** Every other number one unit in the last place away. */
function roundedOtherwise(feed: Feed): Feed {
  const unit = lastPlace[feed.elementType]
  return unit === undefined ? feed : { ...feed, values: feed.values.map((v, i) => (i % 2 === 0 ? v * (1 + unit) : v)) }
}
