import type { Model, Task } from 'kerf'
import { type GroupSensitivity, imagesFor, qualityName, qualityValue, sensitivity } from 'kerf/workflow'
import { usualThreads } from '../threads.ts'
import type { Pictures } from './picture-set.ts'
import type { ChannelKind } from './prune-types.ts'
import { threadedRuntime } from './threaded-runtime.ts'

/* What each group of channels bears, on pictures. Loaded when it is asked for. */

/** Parts of a group that go: a curve of five points, in half of the time of the command line's nine. */
const ratios = [0.1, 0.25, 0.5, 0.75, 0.9]

/** Quality when so many channels of a group stay, and all of the others. */
export interface SensitivityCurve {
  /** The group's. */
  readonly name: string
  readonly channels: number
  /** From all channels to fewest. */
  readonly points: readonly { readonly kept: number; readonly quality: number; readonly outputError: number }[]
}

/** Curves as they come. */
export interface SensitivityTold {
  /** What quality is: `accuracy`, with labels; `agreement` with the network as it is; or what is left of its outputs. */
  readonly quality: ReturnType<typeof qualityName>
  /** Of the network as it is, 0..1. */
  readonly given: number
  readonly images: number
  readonly curve: SensitivityCurve
}

/** @throws KerfError as `sensitivity` */
export async function measureCurves(
  model: Model,
  inputs: ReadonlyMap<string, readonly number[]>,
  { images, transforms }: Pictures,
  methods: readonly ChannelKind[],
  told: (curve: SensitivityTold) => void,
  task: Task,
): Promise<void> {
  await sensitivity(
    model,
    {
      ...{ inputs, methods, ratios, images: imagesFor(model, images, transforms), labels: images.classes.length > 0 },
      ...{ runtime: threadedRuntime, threads: usualThreads(), onNotice: () => {} },
      onGroup: (group, given) =>
        told({
          quality: qualityName(given),
          given: qualityValue(given),
          images: given.images,
          curve: curveOf(group, qualityValue(given)),
        }),
    },
    task,
  )
}

const curveOf = ({ name, channels, points }: GroupSensitivity, given: number): SensitivityCurve => ({
  ...{ name, channels },
  points: [
    { kept: channels, quality: given, outputError: 0 },
    ...points.map(({ kept, quality }) => ({ kept, quality: qualityValue(quality), outputError: quality.outputError })),
  ],
})
