import { KerfError } from '../../base/index.ts'
import type { Transform } from '../types.ts'
import { cropStep, cutoutStep, flipStep } from './augment.ts'
import { channelsStep } from './channels.ts'
import { centreCropStep } from './geometry.ts'
import { mixupStep } from './mixup.ts'
import { normaliseStep } from './normalise.ts'
import { resizeStep } from './resize.ts'
import type { ImageShape, Step, TransformOf } from './step.ts'

interface Kind<K extends Transform['kind']> {
  readonly trainingOnly: boolean
  step(transform: TransformOf<K>, shape: ImageShape, earlier: readonly Transform[]): Step
}

const kinds: { readonly [K in Transform['kind']]: Kind<K> } = {
  resize: { trainingOnly: false, step: resizeStep },
  centreCrop: { trainingOnly: false, step: centreCropStep },
  channels: { trainingOnly: false, step: channelsStep },
  crop: { trainingOnly: true, step: cropStep },
  flip: { trainingOnly: true, step: flipStep },
  normalise: { trainingOnly: false, step: normaliseStep },
  cutout: { trainingOnly: true, step: cutoutStep },
  mixup: { trainingOnly: true, step: mixupStep },
}

/**
 * The steps of a list of transforms, in order.
 * @param shape of the images before them
 * @throws KerfError `bad-transform` for what does not fit the images, also where it would not run in an evaluation
 */
export function stepsOf(transforms: readonly Transform[], shape: ImageShape, training: boolean): Step[] {
  const steps: Step[] = []
  let before = shape
  for (const [i, transform] of transforms.entries()) {
    if (!Object.hasOwn(kinds, transform.kind))
      throw new KerfError(
        'bad-transform',
        `There is no transform "${transform.kind}"; there are ${Object.keys(kinds).join(', ')}.`,
        { transform },
      )
    const { trainingOnly, step } = kinds[transform.kind] as Kind<Transform['kind']>
    // A kind's step takes transforms of that kind; of one among several TypeScript does not see that.
    const made = step(transform as never, before, transforms.slice(0, i))
    before = made.shape
    if (training || !trainingOnly) steps.push(made)
  }
  return steps
}
