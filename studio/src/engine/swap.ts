import { KerfError, type Model, type NamePattern, type Progress } from 'kerf'
import { shortNumber } from 'kerf/report'
import { type Rewrite, rewriteOf, rewrites, type Setting, type SwappableLayer, swappableLayers } from 'kerf/rewrite'
import { kerfTiming, type SwapOptions, type Swapped, swapAndMeasure } from 'kerf/workflow'
import { usualThreads } from '../threads.ts'
import { type Free, halfway } from './first-amount.ts'
import { inPageWords } from './page-words.ts'
import type { Pictures } from './picture-set.ts'
import { patternOf, swapCommand } from './swap-command.ts'
import type { SwapKind, SwapLayer, SwapOutcome, SwapPreview, SwapWish, WorkState } from './swap-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/*
 * Layers exchanged for cheaper ones: what that would make of the network, from weights alone; then the exchange itself, on pictures where there are any. Loaded when
 * something is swapped.
 */

const settingsOf = ({ settings }: Rewrite) => Object.entries(settings as Readonly<Record<string, Setting<unknown>>>)

/** All that layers can become. */
export const swapKinds = (): SwapKind[] =>
  rewrites.map((rewrite) => ({
    ...{ name: rewrite.name, title: rewrite.title, summary: rewrite.summary, source: rewrite.source },
    isSized: rewrite.variants !== undefined,
    approximates: rewrite.approximates ?? false,
    settings: settingsOf(rewrite).map(([name, { what, value, takes, default: fallback }]) => ({
      ...{ name, what, takes: value === undefined ? undefined : takes },
      default: fallback === undefined ? '' : String(fallback),
    })),
  }))

/**
 * What is set, as the rewrite takes it.
 * @throws KerfError `bad-setting`
 */
function settingsIn(rewrite: Rewrite, texts: SwapWish['settings']): Record<string, unknown> {
  return Object.fromEntries(
    settingsOf(rewrite).flatMap(([name, setting]) => {
      const text = texts[name]
      if (text === undefined || text === '') return []
      const value = setting.parse(text)
      if (setting.accepts(value)) return [[name, value]]
      throw new KerfError('bad-setting', `${setting.what}: it cannot be "${text}". ${setting.takes}`)
    }),
  )
}

/** Problems that another kind may not have. */
const ofTheKind: ReadonlySet<string> = new Set(['nothing-to-swap', 'out-of-reach'])

/** Swaps of one model. */
export class Swapper {
  readonly #model: Model
  readonly #name: string
  readonly #inputs: ReadonlyMap<string, readonly number[]>
  #remembered: { readonly kind: string; readonly rewrite: Rewrite } | undefined

  /**
   * @param name of its file
   * @param inputs shapes of its inputs, as they were counted
   */
  constructor(model: Model, name: string, inputs: ReadonlyMap<string, readonly number[]>) {
    this.#model = model
    this.#name = name
    this.#inputs = inputs
  }

  /**
   * What would be swapped, and what that would make of the network: without images, and without times.
   * @param free what may be chosen otherwise where the wish cannot be fulfilled
   * @throws KerfError `aborted`
   */
  async preview(wish: SwapWish, free: Free, signal: AbortSignal): Promise<SwapPreview> {
    const first = await this.#moved(wish, free, signal)
    if (!free.kind || first.code === undefined || !ofTheKind.has(first.code)) return first
    for (const { name, variants } of rewrites) {
      const amount: SwapWish['amount'] = variants ? { of: 'macs', part: 0.5 } : { of: 'settings' }
      const other = await this.#moved({ kind: name, settings: {}, amount }, free, signal)
      if (other.problem === undefined) return other
    }
    return first
  }

  /** A target that is out of reach, moved halfway to what can be reached where it is free. */
  async #moved(wish: SwapWish, free: Free, signal: AbortSignal): Promise<SwapPreview> {
    const first = await this.#asAsked(wish, signal)
    const part = first.least === undefined ? undefined : halfway(first.least)
    if (part === undefined || !free.amount) return first
    return { ...(await this.#asAsked({ ...wish, amount: { of: 'macs', part } }, signal)), least: first.least }
  }

  async #asAsked(wish: SwapWish, signal: AbortSignal): Promise<SwapPreview> {
    const command = swapCommand(this.#name, wish, { pictures: 0, timed: false })
    let found: readonly SwappableLayer[] = []
    try {
      const rewrite = rewriteOf(wish.kind)
      const settings = settingsIn(rewrite, wish.settings)
      found = swappableLayers(this.#model, rewrite, { settings, inputs: this.#inputs })
      if (wish.amount.of === 'time') return { wish, layers: listed(found, wish), command }
      const swapped = await swapAndMeasure(this.#model, { ...this.#optionsFor(wish), measure: false, signal })
      return { wish, layers: listed(found, wish, swapped), outcome: outcomeOf(swapped, rewrite), command }
    } catch (error) {
      if (!(error instanceof KerfError) || signal.aborted) throw error
      const { least, before } = error.details as { readonly least?: number; readonly before?: number }
      const part = error.code === 'out-of-reach' && least && before ? { least: least / before } : {}
      // Why a layer stays is told beside each of them.
      const [problem] = inPageWords(error.message).split('\n')
      return { wish, ...part, layers: listed(found, wish), problem, code: error.code, command }
    }
  }

  /**
   * Swaps.
   * @param pictures that weights are fitted to, or statistics measured on; undefined: as the rewrite does it without
   * @param timed whether the network and every layer are timed before and after
   * @throws KerfError as `swapAndMeasure`
   */
  async swap(
    wish: SwapWish,
    { pictures, timed }: { readonly pictures: Pictures | undefined; readonly timed: boolean },
    progress: (state: WorkState) => void,
    signal: AbortSignal,
  ) {
    const running = { runtime: threadedRuntime, threads: usualThreads(), onNotice: () => {} }
    const { amount } = wish
    const swapped = await swapAndMeasure(this.#model, {
      ...{ ...this.#optionsFor(wish), ...running, signal },
      ...(amount.of === 'time' ? { target: { faster: amount.factor } } : {}),
      timing: timed || amount.of === 'time' ? kerfTiming(running) : undefined,
      images: pictures?.images.count,
      data: pictures && { transforms: pictures.transforms, open: async () => ({ train: pictures.images }) },
      progress: ({ what, done, total }: Progress) => progress({ what, done, total }),
    })
    return {
      model: swapped.model,
      outcome: outcomeOf(swapped, rewriteOf(wish.kind)),
      command: swapCommand(this.#name, wish, { pictures: pictures?.images.count ?? 0, timed }),
    }
  }

  #optionsFor({ kind, settings, amount, layers }: SwapWish): SwapOptions {
    const rewrite = this.#remembering(kind)
    return {
      ...{ rewrite, settings: settingsIn(rewrite, settings), inputs: this.#inputs },
      layers: layers && named(layers),
      ...(amount.of === 'energy' ? { target: { energy: amount.part } } : {}),
      ...(amount.of === 'macs' ? { target: { macs: { part: amount.part } } } : {}),
    }
  }

  /**
   * The rewrite, which takes every layer apart once: that takes the most time by far, and sliders move often. A layer is the same as long as the model is; what rewrites keep, they keep by the layer.
   */
  #remembering(kind: string): Rewrite {
    if (this.#remembered?.kind === kind) return this.#remembered.rewrite
    const rewrite = rewriteOf(kind)
    const layers = new Map<string, Parameters<Rewrite['replace']>[0]>()
    const known = <T>(layer: Parameters<Rewrite['replace']>[0], work: (same: typeof layer) => Promise<T>) => {
      const same = layers.get(layer.name) ?? layer
      layers.set(layer.name, same)
      return work(same).catch((error: unknown) => {
        // Work that was stopped is no result.
        layers.delete(layer.name)
        throw error
      })
    }
    const { variants } = rewrite
    const remembering: Rewrite = {
      ...rewrite,
      ...(variants ? { variants: (layer, context) => known(layer, (same) => variants(same, context)) } : {}),
      replace: (layer, context) => known(layer, async (same) => rewrite.replace(same, context)),
    }
    this.#remembered = { kind, rewrite: remembering }
    return remembering
  }
}

function named(names: readonly string[]): NamePattern {
  const wanted = new Set(names)
  return { text: patternOf(names), matches: (name) => wanted.has(name) }
}

/** Every layer, with what becomes of it or why nothing does. */
function listed(found: readonly SwappableLayer[], wish: SwapWish, swapped?: Swapped): SwapLayer[] {
  const asked = wish.layers && new Set(wish.layers)
  const kept = new Map(swapped?.kept.map(({ node, why }) => [node, why]))
  return found.map(({ node, kept: unasked, refused }) => {
    const isUsual = refused === undefined && unasked === undefined
    const isChosen = asked ? asked.has(node) : isUsual
    const why = refused ?? (isChosen ? kept.get(node) : (unasked ?? 'it was not chosen'))
    return { name: node, why, canSwap: refused === undefined, isUsual }
  })
}

function outcomeOf(swapped: Swapped, { facts = {} }: Rewrite): SwapOutcome {
  const { comparison, recovery, statistics, time } = swapped
  return {
    ...{ before: comparison.a.totals, after: comparison.b.totals, recovery, statistics, time },
    facts: Object.values(facts),
    rows: swapped.swapped.map(({ node, cost, weightError, outputError, time, facts: own }) => ({
      ...{ name: node, cost, weightError, outputError, time },
      facts: Object.keys(facts).map((key) => {
        const fact = own[key]
        return typeof fact === 'number' ? shortNumber(fact) : (fact ?? '')
      }),
    })),
  }
}
