import * as z from 'zod/mini'
import { path } from './paths.ts'

/*
 * What a recipe says about data and their transforms.
 */

const testFraction = z.optional(
  z
    .number()
    .check(
      z.gt(0),
      z.lt(1),
      z.describe(
        'Without test images: this part of the training images, drawn by the seed, of every class alike, is for testing.',
      ),
    ),
)

const labelled = {
  train: path('Training images: a folder with a folder of images per class, or a tar of one.'),
  validation: z.optional(path('Images to choose the best network by, likewise.')),
  test: z.optional(path('Test images, likewise.')),
  testFraction,
}

const labels = path('Its labels: a .npy file of [N] whole numbers.')

export const dataSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('mnist'), path: path('Folder with the four IDX files, gzipped or not.') }),
    z.strictObject({
      kind: z.literal('fashion-mnist'),
      path: path('Folder with the four IDX files of Fashion-MNIST, gzipped or not.'),
    }),
    z.strictObject({ kind: z.literal('cifar10'), path: path('Folder with the binary batches of CIFAR-10.') }),
    z.strictObject({
      kind: z.literal('idx'),
      trainImages: path('IDX file, gzipped or not.'),
      trainLabels: path('IDX file, gzipped or not.'),
      testImages: path('IDX file, gzipped or not.'),
      testLabels: path('IDX file, gzipped or not.'),
    }),
    z.strictObject({ kind: z.literal('images'), ...labelled }),
    z.strictObject({ kind: z.literal('tar'), ...labelled }),
    z.strictObject({
      kind: z.literal('npy').check(z.describe("NumPy's arrays.")),
      train: path('A .npy file of images: bytes from 0 to 255, or floats from 0 to 1.'),
      trainLabels: z.optional(labels),
      validation: z.optional(path('Images to choose the best network by, likewise.')),
      validationLabels: z.optional(labels),
      test: z.optional(path('Test images, likewise.')),
      testLabels: z.optional(labels),
      testFraction,
      layout: z.optional(
        z
          .enum(['NCHW', 'NHWC'])
          .check(z.describe('Where the channels are; by default last where that axis alone is 1 or 3 long.')),
      ),
    }),
    z.strictObject({
      kind: z.literal('generated').check(z.describe('Small pictures drawn by the seed, to try things out.')),
      classes: z._default(z.int().check(z.minimum(2)), 10),
      trainImages: z._default(z.int().check(z.minimum(1)), 2000),
      testImages: z._default(z.int().check(z.minimum(1)), 500),
      channels: z._default(z.union([z.literal(1), z.literal(3)]), 1),
      size: z._default(z.int().check(z.minimum(4), z.describe('Height and width in pixels.')), 16),
    }),
  ])
  .check(z.describe('Where images and labels come from.'))

const size = z.union([z.int().check(z.minimum(1)), z.tuple([z.int().check(z.minimum(1)), z.int().check(z.minimum(1))])])
const perChannel = z.array(z.number()).check(z.minLength(1))

/** In the order in which they are applied; crop, flip, cutout and mixup in training only, the others always. */
export const transformSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('resize'),
    size: size.check(z.describe('Pixels: a side, or [height, width].')),
    fit: z.optional(
      z
        .enum(['fill', 'cover', 'contain'])
        .check(z.describe('Squeezed, by default; or the middle, in its aspect ratio; or all of it, with a border.')),
    ),
    border: z.optional(
      z.number().check(z.minimum(0), z.maximum(255), z.describe('Of contain: what is around the image; 0 by default.')),
    ),
  }),
  z.strictObject({
    kind: z.literal('centreCrop').check(z.describe('The middle, cut out.')),
    size: size.check(z.describe('Pixels: a side, or [height, width].')),
  }),
  z.strictObject({
    kind: z
      .literal('channels')
      .check(
        z.describe('rgb: three channels, of grey images too. bgr: red and blue exchanged. grey: one channel of three.'),
      ),
    order: z.enum(['rgb', 'bgr', 'grey']),
  }),
  z.strictObject({
    kind: z
      .literal('crop')
      .check(z.describe('Pads with zeros on every side, then cuts the size that was there at a random place.')),
    padding: z._default(z.int().check(z.minimum(1), z.describe('Pixels.')), 4),
  }),
  z.strictObject({
    kind: z.literal('flip').check(z.describe('Left and right exchanged.')),
    probability: z._default(z.number().check(z.minimum(0), z.maximum(1)), 0.5),
  }),
  z.strictObject({
    kind: z.literal('normalise').check(z.describe('(x − mean) / deviation, of pixels in 0..1.')),
    mean: perChannel.check(z.describe('One per channel, or one for all.')),
    deviation: z
      .array(z.number().check(z.positive()))
      .check(z.minLength(1), z.describe('One per channel, or one for all.')),
  }),
  z.strictObject({
    kind: z.literal('cutout').check(z.describe('A square of zeros at a random place.')),
    size: z.int().check(z.minimum(1), z.describe('Its side in pixels.')),
  }),
  z.strictObject({
    kind: z.literal('mixup').check(z.describe('Mixes pairs of images and their labels.')),
    alpha: z._default(
      z.number().check(z.positive(), z.describe('Parameter of the Beta distribution of the mixture.')),
      0.2,
    ),
  }),
])
