import { KerfError, stoppable, type Task } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { type Refusal, type ScoringImages, type SingleGroupOptions, singleGroups } from '../prune/index.ts'
import { forBatch, inputsForImages } from './images.ts'
import { type Quality, QualityJudge, type QualityOptions } from './quality.ts'

/*
 * What each layer bears: one group of channels at a time loses a part of them, everything else stays. Channels are masked, which gives the outputs of the
 * cut network; so one plan and one session serve all, and only the weights that are masked are packed anew.
 */

/** Which ratios are tried where nobody says it. */
export const defaultRatios: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

/** What is tried, and on what. */
export interface SensitivityOptions extends Omit<SingleGroupOptions, keyof Task | 'images'>, QualityOptions {
  /** The images that quality is measured on, as `imagesFor` makes them; criteria that need images see the same. */
  readonly images: ScoringImages
  /** Parts of the channels of a group that go, each in (0, 1). Default 0.1, 0.2 … 0.9. */
  readonly ratios?: readonly number[]
  /** Told of every group as soon as it is measured, with the quality of the network as it was given. */
  readonly onGroup?: (group: GroupSensitivity, given: Quality) => void
}

/** What becomes of the network when a part of one group goes. */
export interface SensitivityPoint {
  /** That was asked for. */
  readonly ratio: number
  /** Channels that stay. */
  readonly kept: number
  /** Of the network then. */
  readonly quality: Quality
}

/** How a group bears it. */
export interface GroupSensitivity {
  /** That of the first layer that makes the channels. */
  readonly name: string
  /** The layers whose output channels these are. */
  readonly layers: readonly string[]
  /** How many there are. */
  readonly channels: number
  /** In the order of the ratios. */
  readonly points: readonly SensitivityPoint[]
}

/** What each layer of a network bears. */
export interface Sensitivity {
  /** Of the network as it was given. */
  readonly given: Quality
  /** In order. */
  readonly ratios: readonly number[]
  /** In the order of the network. */
  readonly groups: readonly GroupSensitivity[]
  /** What stays, with the reasons. */
  readonly refused: readonly Refusal[]
}

/**
 * Measures for every group of channels how quality falls when a part of them goes, and nothing else.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @param task progress is told in images
 * @throws as `openModel`; KerfError `bad-ratio`, `bad-options`, `nothing-to-prune`, `no-images`, `wrong-classes`, `aborted`, and what criteria and running throw
 */
export const sensitivity = (source: ModelSource, options: SensitivityOptions, task: Task = {}): Promise<Sensitivity> =>
  stoppable(
    'The measurement',
    async () => {
      const { images, ratios = defaultRatios, onGroup } = options
      if (ratios.length === 0)
        throw new KerfError('bad-options', 'There is no ratio to try. Give some, as in 0.25, 0.5.')
      const model = forBatch(await modelOf(source, { ...options, ...task }), images.batchSize)
      const inputs = options.inputs ?? inputsForImages(model, images)
      const found = await singleGroups(model, { ...options, inputs, ...task })
      const judge = await QualityJudge.of(model, images, { ...options, ...task }, task)
      // Small groups have fewer widths than ratios.
      const widths = found.groups.map((group) => new Map(ratios.map((ratio) => [group.kept(ratio), ratio])))
      const total = widths.reduce((sum, { size }) => sum + size, 0) * judge.count
      let done = 0
      const measure = async (variant: Model, judged: (variant: Model, task: Task) => Promise<Quality>) => {
        const before = done
        const told = (images: number) =>
          task.progress?.({ what: 'measuring groups', done: before + images, total, unit: 'images' })
        const quality = await judged(variant, { signal: task.signal, progress: (p) => told(p.done) })
        done = before + judge.count
        return quality
      }
      const groups = await judge.judging(found.model, async (judged) => {
        const measured: GroupSensitivity[] = []
        for (const [i, { name, layers, channels, kept, masked }] of found.groups.entries()) {
          const qualities = new Map<number, Quality>()
          for (const [width, ratio] of widths[i]!)
            qualities.set(width, width === channels ? judge.given : await measure(masked(ratio), judged))
          const points = ratios.map((ratio) => ({ ratio, kept: kept(ratio), quality: qualities.get(kept(ratio))! }))
          measured.push({ name, layers, channels, points })
          onGroup?.(measured.at(-1)!, judge.given)
        }
        return measured
      })
      return { given: judge.given, ratios, groups, refused: found.refused }
    },
    options,
  )
