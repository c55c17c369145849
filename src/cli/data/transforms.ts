import {
  type ImageLayout,
  imageMetadata,
  preprocessingFor,
  type ResolvedPreprocessing,
  type Transform,
  transformsOf,
} from '../../api/data.ts'
import { graphInputs, type Model, type ValueInfo } from '../../api/graph.ts'
import { KerfError } from '../../base/index.ts'
import { UsageError } from '../errors.ts'
import { type AugmentationFlags, type ImageFlags, preprocessingOptions } from '../vocabulary.ts'

/* What happens to the images of data sets: as flags say, else as a recipe or the model's file says. */

/** Where a transform stands by default; those of a recipe stay where they are. */
const places: Readonly<Record<Transform['kind'], number>> = {
  resize: 0,
  centreCrop: 1,
  crop: 2,
  flip: 3,
  channels: 4,
  normalise: 5,
  cutout: 6,
  mixup: 7,
}

/**
 * Transforms with what flags say put in place of those of the same kind, or added.
 * @throws UsageError for flags that say how something is done that is not done
 */
export function withFlags(transforms: readonly Transform[], flags: ImageFlags & AugmentationFlags): Transform[] {
  const { resize, fit, crop, channels, randomCrop, flip, cutout, mixup } = flags
  const before = transforms.find((t) => t.kind === 'resize')
  const size = resize ?? before?.size
  if (fit !== undefined && !size)
    throw new UsageError('--fit says how images are resized: say to what, as in --resize 224.')
  return [
    ...(size && (resize || fit)
      ? [{ kind: 'resize' as const, ...(before ?? { fit: 'cover' }), size, ...(fit && { fit }) }]
      : []),
    ...(crop ? [{ kind: 'centreCrop' as const, size: crop }] : []),
    ...(randomCrop === undefined ? [] : [{ kind: 'crop' as const, padding: randomCrop }]),
    ...(flip === undefined ? [] : [{ kind: 'flip' as const, probability: flip === true ? 0.5 : flip }]),
    ...(channels ? [{ kind: 'channels' as const, order: channels }] : []),
    ...normalised(transforms, flags),
    ...(cutout === undefined ? [] : [{ kind: 'cutout' as const, size: cutout }]),
    ...(mixup === undefined ? [] : [{ kind: 'mixup' as const, alpha: mixup }]),
  ].reduce<Transform[]>(put, [...transforms])
}

function put(transforms: Transform[], made: Transform): Transform[] {
  const at = transforms.findIndex((t) => t.kind === made.kind)
  if (at >= 0) return transforms.with(at, made)
  const behind = transforms.findIndex((t) => places[t.kind] > places[made.kind])
  return transforms.toSpliced(behind < 0 ? transforms.length : behind, 0, made)
}

/** Mean and deviation of pixels from 0 to 1, as transforms have them. */
function normalised(transforms: readonly Transform[], { scale, mean, std }: ImageFlags): Transform[] {
  if (scale === undefined && mean === undefined && std === undefined) return []
  const before = transforms.find((t) => t.kind === 'normalise')
  const unit = 255 * (scale ?? 1 / 255)
  const means = mean?.map((m) => m / unit) ?? before?.mean ?? [0]
  const deviations = std?.map((d) => d / unit) ?? (scale === undefined ? before?.deviation : undefined) ?? [1 / unit]
  const count = Math.max(means.length, deviations.length)
  const all = (values: readonly number[]) => (values.length === 1 ? new Array<number>(count).fill(values[0]!) : values)
  return [{ kind: 'normalise', mean: [...all(means)], deviation: [...all(deviations)] }]
}

/**
 * How images become an input: as flags say, else as the model's file says.
 * @throws UsageError for a flag that does not fit the input; KerfError `not-an-image-input`
 */
export function givenPreprocessing(
  model: Model,
  input: ValueInfo,
  flags: ImageFlags & { readonly layout?: ImageLayout },
): ResolvedPreprocessing {
  try {
    const given = { ...preprocessingOptions(flags), layout: flags.layout }
    return preprocessingFor(input, given, imageMetadata(model).preprocessing)
  } catch (error) {
    if (!(error instanceof KerfError && error.code === 'bad-options')) throw error
    throw new UsageError(`--${error.details.option}: ${error.message}`)
  }
}

/** What images go through, and what was assumed of it. */
export interface GivenTransforms {
  readonly transforms: readonly Transform[]
  /** Undefined where a recipe says everything, or the model takes no images. */
  readonly image?: ResolvedPreprocessing
}

/**
 * What images go through on their way to a model that nothing but its file and flags tells about.
 * @throws UsageError as `withFlags` and `givenPreprocessing`; KerfError as that
 */
export function transformsFor(model: Model, flags: ImageFlags & AugmentationFlags): GivenTransforms {
  const [input, ...others] = graphInputs(model.graph)
  const shape = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  // What else is wrong with it is said by those who run it.
  if (!input || others.length > 0 || shape?.length !== 4) return { transforms: withFlags([], flags) }
  const image = givenPreprocessing(model, input, flags)
  const { randomCrop, flip, cutout, mixup } = flags
  return { transforms: withFlags(transformsOf(image.preprocessing), { randomCrop, flip, cutout, mixup }), image }
}
