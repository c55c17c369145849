import { KerfError, type Task } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { leastCost, leastError, type RewriteTarget, type VariantChoice, type VariedLayer } from '../../rewrite/index.ts'
import { timeAlone } from '../times/alone.ts'
import { feedsToTime, type TimingRuntime } from '../times/runtimes.ts'
import { networkTimes, type TimeChange } from './times.ts'

/*
 * A time that is not to be exceeded. Of every layer some variants are timed, in turns with the layer as it is; the choice is the one of least error by the sum
 * of these times. Layers by themselves have warm caches and no neighbours, so the network that comes of it is measured, in turns with the given one, and the choice made anew by
 * what savings are really worth.
 */

/** A limit of time. */
export interface TimeLimit {
  /** Milliseconds of a run. One of the two. */
  readonly milliseconds?: number
  /** How many times as fast as it is, above 1. */
  readonly faster?: number
}

/** What a target of time came to. */
export interface InTime extends TimeChange {
  /** What was asked for. */
  readonly limitMs: number
  /** How many choices were measured. */
  readonly rounds: number
  /** Whether the network is within the limit, as measured. */
  readonly isReached: boolean
}

/** Variants of a layer that are timed, at most; and choices that are measured. */
const [mostVariants, mostRounds] = [8, 3]
/** How long each variant is run, about. */
const seconds = 0.12
/** Relative error of measuring. */
const near = 0.02
/** Savings are never believed to be worth less. */
const leastWorth = 0.1

/** A layer as it is, or as a variant, and its time as the cost. */
interface TimedForm {
  /** The place of the variant; undefined: as it is. */
  readonly variant: number | undefined
  readonly cost: number
  readonly error: number
}

/** A target that is met as `timing` measures, and what it came to. */
export function targetInTime(
  given: Model,
  limit: TimeLimit,
  inputs: ReadonlyMap<string, readonly number[]>,
  timing: TimingRuntime,
  task: Task,
): { readonly target: RewriteTarget; readonly outcome: () => InTime | undefined } {
  let outcome: InTime | undefined
  const choose = async (
    layers: readonly VariedLayer[],
    network: (choice: VariantChoice) => Promise<Model>,
  ): Promise<VariantChoice> => {
    const forms = await timedForms(layers, timing, task)
    const [beforeMs = 0] = await timing.time([{ model: given, feeds: feedsToTime(given, inputs) }], 1, task)
    const limitMs = limit.milliseconds ?? beforeMs / limit.faster!
    checkLimit(beforeMs, limitMs)
    const whole = forms.reduce((sum, all) => sum + all.find((f) => f.variant === undefined)!.cost, 0)
    /** What a millisecond that layers save is worth in the network. */
    let worth = 1
    let best: { readonly choice: VariantChoice; readonly at: InTime } | undefined
    for (let rounds = 1; rounds <= mostRounds; rounds++) {
      const wanted = whole - (beforeMs - limitMs) / worth
      const least = leastCost(forms)
      // Where no sum is small enough, the network may be all the same.
      const places = leastError(forms, Math.max(wanted, least))!
      const chosen = places.map((place, i) => forms[i]![place]!)
      const choice = chosen.map((f) => f.variant)
      const measured = await networkTimes([given, await network(choice)], inputs, timing, task)
      // As fast as the machine was at first.
      const afterMs = (measured.afterMs * beforeMs) / measured.beforeMs
      const at = { beforeMs, afterMs, limitMs, rounds, isReached: afterMs <= limitMs * (1 + near) }
      if (!best || isBetter(at, best.at)) best = { choice, at }
      if (wanted <= least && !at.isReached) {
        if (best.at.isReached) break
        throw beyond(at)
      }
      if (Math.abs(afterMs / limitMs - 1) <= near) break
      const saved = whole - chosen.reduce((sum, f) => sum + f.cost, 0)
      if (saved > 0) worth = Math.max(leastWorth, (beforeMs - afterMs) / saved)
      task.progress?.({ what: 'correcting the prediction', done: rounds, total: mostRounds })
    }
    outcome = best!.at
    return best!.choice
  }
  return { target: { choose }, outcome: () => outcome }
}

/** Of two choices within the limit the slower one, which loses less; else the faster one. */
const isBetter = (a: InTime, b: InTime): boolean =>
  a.isReached && b.isReached ? a.afterMs > b.afterMs : a.afterMs < b.afterMs

/** @throws KerfError `bad-target`, `nothing-to-swap` */
function checkLimit(beforeMs: number, limitMs: number): void {
  if (!(limitMs > 0))
    throw new KerfError('bad-target', `The target must be a time above 0. Received ${limitMs} ms.`, {
      received: limitMs,
    })
  if (limitMs >= beforeMs)
    throw new KerfError(
      'nothing-to-swap',
      `Nothing needs to be swapped: a run takes ${text(beforeMs)}, which is within the target of ${text(limitMs)}. Ask for less.`,
      { before: beforeMs, limit: limitMs },
    )
}

const beyond = ({ beforeMs, afterMs, limitMs }: InTime): KerfError =>
  new KerfError(
    'out-of-reach',
    `The target of ${text(limitMs)} is out of reach: with every layer in its fastest form a run takes ${text(afterMs)} of ${text(beforeMs)}, measured. Ask for as much, swap other layers, too (--layers), or into something else (--to).`,
    { before: beforeMs, limit: limitMs, least: afterMs },
  )

const text = (ms: number): string => `${Number(ms.toPrecision(3))} ms`

/** Every layer as it is, and some of its variants, timed in turns. Layers of the same shapes are timed once. */
async function timedForms(
  layers: readonly VariedLayer[],
  timing: TimingRuntime,
  { signal, progress }: Task,
): Promise<TimedForm[][]> {
  const known = new Map<string, readonly number[]>()
  const forms: TimedForm[][] = []
  for (const layer of layers) {
    progress?.({ what: 'timing layers', done: forms.length, total: layers.length, unit: 'layers' })
    const some = someVariants(layer)
    const key = `${signatureOf(layer)} ${some.map((i) => JSON.stringify(layer.variants[i]!.settings)).join()}`
    const times = known.get(key) ?? (await timeForms(layer, some, timing, { signal }))
    known.set(key, times)
    forms.push([
      { variant: undefined, cost: times[0]!, error: 0 },
      ...some.map((variant, i) => ({ variant, cost: times[i + 1]!, error: layer.variants[variant]!.error })),
    ])
  }
  return forms
}

async function timeForms(
  layer: VariedLayer,
  places: readonly number[],
  timing: TimingRuntime,
  task: Task,
): Promise<readonly number[]> {
  const models = [await layer.alone()]
  for (const place of places) models.push(await layer.alone(layer.variants[place]))
  return timeAlone(models, timing, seconds, task)
}

/** Those of fewer MACs than the layer, spread evenly over them; of several with nearly as many the one that loses least. */
function someVariants({ variants }: VariedLayer): number[] {
  const best = new Map<number, number>()
  variants.forEach(({ macs, error }, i) => {
    if (macs >= 1) return
    const bin = Math.floor(macs * mostVariants)
    const other = best.get(bin)
    if (other === undefined || error < variants[other]!.error) best.set(bin, i)
  })
  return [...best.values()]
}

/** What layers have in common that take as long. */
function signatureOf({ layer: { node, analysis } }: VariedLayer): string {
  const shapes = [...node.inputs, ...node.outputs].map((name) => analysis.values.get(name)?.shape?.join('×'))
  const attributes = [...node.attributes].map(([name, a]) => `${name}=${'value' in a ? a.value : a.kind}`).sort()
  return [...shapes, ...attributes].join(' ')
}
