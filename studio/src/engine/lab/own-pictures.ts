import { KerfError } from 'kerf'
import { type ImageSet, luma, splitSet, withClasses } from 'kerf/data'
import type { Digits } from 'kerf/lab'
import type { PickedFile } from '../model-source.ts'
import { pictureFiles } from '../picture-files.ts'
import { type DecodedPictures, decodePictures } from '../picture-set.ts'
import type { LabPictures } from './types.ts'

/*
 * Pictures of one's own for experiments: grey ones of 28×28 where these are made for digits, colours of 32×32 where any size will do. Loaded when there are some.
 */

const testPart = 0.2

/**
 * @param channels 1: grey
 * @param size height and width in pixels
 * @throws KerfError `no-labels`; Error as `pictureFiles` and `decodePictures`, and for test pictures of other classes
 */
export async function ownPictures(
  { files, test, most }: LabPictures,
  channels: 1 | 3,
  size: number,
  seed: number,
): Promise<Digits> {
  const set = await setOf(files, most, channels, size)
  const tests = test.length > 0 ? withClasses(await setOf(test, most, channels, size), set.classes) : undefined
  if (test.length > 0 && !tests)
    throw new Error(`The test pictures have other classes than those to learn from: ${set.classes.join(', ')}.`)
  const { part, rest } = tests ? { part: tests, rest: set } : splitSet(set, testPart, seed, 'test')
  return {
    name: `own pictures, ${rest.count} to learn from and ${part.count} to test, of ${set.classes.length} classes`,
    sets: { train: rest, test: part },
  }
}

async function setOf(files: readonly PickedFile[], most: number, channels: 1 | 3, size: number): Promise<ImageSet> {
  const given = await pictureFiles(files)
  if (given.classes.length === 0)
    throw new KerfError(
      'no-labels',
      'Experiments look at labels. Give a folder with a folder for each class, or a table of files and labels.',
    )
  return imagesOf(await decodePictures(given, { width: size, height: size }, most), channels)
}

function imagesOf({ width, height, classes, labels, pixels, skipped }: DecodedPictures, channels: 1 | 3): ImageSet {
  const area = width * height
  return {
    ...{ classes, channels, height, width, count: pixels.length, skipped, labels, bytes: pixels.length * 3 * area },
    read(index, into) {
      const own = pixels[index]!
      if (channels === 3) for (let i = 0; i < 3 * area; i++) into[i] = own[i]! / 255
      else for (let i = 0; i < area; i++) into[i] = luma(own[i]!, own[i + area]!, own[i + 2 * area]!) / 255
    },
  }
}
