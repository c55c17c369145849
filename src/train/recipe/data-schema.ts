import * as z from 'zod'
import { path } from './paths.ts'

/*
 * What a recipe says about data and their transforms.
 */

const labelled = {
  train: path('Training images: a folder with a folder of images per class, or a tar of one.'),
  validation: path('Images to choose the best network by, likewise.').optional(),
  test: path('Test images, likewise.').optional(),
  testFraction: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      'Without test images: this part of the training images, drawn by the seed, of every class alike, is for testing.',
    ),
}

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
      kind: z.literal('generated').describe('Small pictures drawn by the seed, to try things out.'),
      classes: z.int().min(2).default(10),
      trainImages: z.int().min(1).default(2000),
      testImages: z.int().min(1).default(500),
      channels: z.union([z.literal(1), z.literal(3)]).default(1),
      size: z.int().min(4).default(16).describe('Height and width in pixels.'),
    }),
  ])
  .describe('Where images and labels come from.')

const size = z.union([z.int().min(1), z.tuple([z.int().min(1), z.int().min(1)])])
const perChannel = z.array(z.number()).min(1)

/** In the order in which they are applied; crop, flip, cutout and mixup in training only, the others always. */
export const transformSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('resize'),
    size: size.describe('Pixels: a side, or [height, width].'),
    fit: z
      .enum(['fill', 'cover', 'contain'])
      .optional()
      .describe('Squeezed, by default; or the middle, in its aspect ratio; or all of it, with a border.'),
    border: z.number().min(0).max(255).optional().describe('Of contain: what is around the image; 0 by default.'),
  }),
  z.strictObject({
    kind: z.literal('centreCrop').describe('The middle, cut out.'),
    size: size.describe('Pixels: a side, or [height, width].'),
  }),
  z.strictObject({
    kind: z
      .literal('channels')
      .describe('rgb: three channels, of grey images too. bgr: red and blue exchanged. grey: one channel of three.'),
    order: z.enum(['rgb', 'bgr', 'grey']),
  }),
  z.strictObject({
    kind: z
      .literal('crop')
      .describe('Pads with zeros on every side, then cuts the size that was there at a random place.'),
    padding: z.int().min(1).default(4).describe('Pixels.'),
  }),
  z.strictObject({
    kind: z.literal('flip').describe('Left and right exchanged.'),
    probability: z.number().min(0).max(1).default(0.5),
  }),
  z.strictObject({
    kind: z.literal('normalise').describe('(x − mean) / deviation, of pixels in 0..1.'),
    mean: perChannel.describe('One per channel, or one for all.'),
    deviation: z.array(z.number().positive()).min(1).describe('One per channel, or one for all.'),
  }),
  z.strictObject({
    kind: z.literal('cutout').describe('A square of zeros at a random place.'),
    size: z.int().min(1).describe('Its side in pixels.'),
  }),
  z.strictObject({
    kind: z.literal('mixup').describe('Mixes pairs of images and their labels.'),
    alpha: z.number().positive().default(0.2).describe('Parameter of the Beta distribution of the mixture.'),
  }),
])
