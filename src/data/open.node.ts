import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { KerfError } from '../base/index.ts'
import { readUnpacked } from './files.node.ts'
import { classesIn, readImages } from './images/collect.node.ts'
import type { OpenOptions, PartOptions } from './images/options.ts'
import { imagesFromCifar } from './sets/cifar.ts'
import { withClasses } from './sets/classes.ts'
import { generatedImages } from './sets/generated.ts'
import { imagesFromIdx, type NamedBytes } from './sets/idx.ts'
import { imagesFromNpy } from './sets/npy.ts'
import { splitSet } from './sets/subset.ts'
import type { DataSets, DataSource, ImageSet, NpySource } from './types.ts'

/**
 * Opens the data that a recipe names; images are decoded and kept in memory.
 * @param source paths in it are those of the process
 * @throws KerfError for files that are missing, damaged or do not belong together: see `readIdx`, `imagesFromCifar`, `readImages`
 */
export async function openData(source: DataSource, options: OpenOptions = {}): Promise<DataSets> {
  const { seed = 0, validation = 0 } = options
  const sets = await openParts(source, seed, options)
  if (sets.validation || validation === 0) return sets
  const { rest, part } = splitSet(sets.train, validation, seed, 'validation')
  return { train: rest, validation: part, test: sets.test }
}

/**
 * One part of the data, and no other where it lies in files of its own: for measuring, training images need not be there.
 * @param part which one
 * @returns undefined where the data have no such part
 * @throws KerfError as `openData`
 */
export async function openPart(
  source: DataSource,
  part: keyof DataSets,
  options: PartOptions = {},
): Promise<ImageSet | undefined> {
  if (part === 'test' && isMnist(source)) return mnistPart(source, 'test')
  if (part === 'test' && source.kind === 'cifar10') return cifarPart(source.path, 'test')
  if (isDivided(source)) {
    if (part !== 'train' && source[part] !== undefined) {
      const set = await readPart(source, part, options)
      return source.kind === 'npy' ? set : inOrderOfTraining(source, set, options)
    }
    const isWhole = source.testFraction === undefined && (source.validation !== undefined || !options.validation)
    if (part === 'train' && isWhole) return readPart(source, part, options)
  }
  return (await openData(source, options))[part]
}

type DividedSource = Extract<DataSource, { readonly kind: 'images' | 'tar' | 'npy' }>

/** Whether the source names its parts, each in a file or folder of its own. */
const isDivided = (source: DataSource): source is DividedSource =>
  source.kind === 'images' || source.kind === 'tar' || source.kind === 'npy'

/** @param of the training images, whose classes, channels and size these must have */
const readPart = (
  source: DividedSource,
  part: keyof DataSets,
  options: PartOptions,
  of?: ImageSet,
): Promise<ImageSet> =>
  source.kind === 'npy'
    ? readArrays(source, part, options, of)
    : readImages(source.kind, source[part]!, part, options, of)

/** @throws KerfError as `imagesFromNpy`; `no-labels`, `size-mismatch` */
async function readArrays(
  source: NpySource,
  part: keyof DataSets,
  { labels = 'required', transforms }: PartOptions,
  of?: ImageSet,
): Promise<ImageSet> {
  const path = source[part]!
  const field = `${part}Labels` as const
  if (labels === 'required' && source[field] === undefined)
    throw new KerfError(
      'no-labels',
      `${path} has no labels. Give them as an array of [N] whole numbers: --set data.${field}=labels.npy (data.${field} of a recipe).`,
      { path, field },
    )
  const numbers = labels === 'none' ? undefined : source[field]
  const [images, ofImages] = [await readUnpacked(path), numbers === undefined ? undefined : await readUnpacked(numbers)]
  const set = imagesFromNpy(images, ofImages, { layout: source.layout, transforms })
  if (!of) return set
  const [size, wanted] = [set, of].map((s) => [s.channels, s.height, s.width].join(' × '))
  if (size !== wanted)
    throw new KerfError(
      'size-mismatch',
      `${path}: images are ${size}, those for training ${wanted}. Make them alike.`,
      {
        path,
      },
    )
  const renamed = withClasses(set, of.classes)
  if (renamed) return renamed
  throw new KerfError(
    'unknown-class',
    `${numbers} has labels up to ${set.classes.length - 1}, those for training go up to ${of.classes.length - 1}.`,
    { path: numbers },
  )
}

/** With the numbers that the training images' folders give the classes, where they are there and nobody knows the names. */
async function inOrderOfTraining(
  { kind, train }: { readonly kind: 'images' | 'tar'; readonly train: string },
  set: ImageSet,
  { classes }: PartOptions,
): Promise<ImageSet> {
  if (set.classes.every((name) => classes?.includes(name)) || !existsSync(train)) return set
  const all = await classesIn(kind, train)
  const numbered = withClasses(set, all)
  if (numbered) return numbered
  const unknown = set.classes.find((name) => !all.includes(name))
  throw new KerfError(
    'unknown-class',
    `The data have the class ${unknown}, which the training images do not have: those are ${all.join(', ')}.`,
    { class: unknown },
  )
}

async function openParts(source: DataSource, seed: number, options: OpenOptions): Promise<DataSets> {
  switch (source.kind) {
    case 'mnist':
    case 'fashion-mnist':
      return ofOneSize(
        await mnistPart(source, 'train'),
        await mnistPart(source, 'test'),
        findMnistFile(source.path, mnistFiles.testImages)!,
      )
    case 'cifar10':
      return { train: await cifarPart(source.path, 'train'), test: await cifarPart(source.path, 'test') }
    case 'idx': {
      const train = imagesFromIdx(await readUnpacked(source.trainImages), await readUnpacked(source.trainLabels))
      const images = await readUnpacked(source.testImages)
      const test = imagesFromIdx(images, await readUnpacked(source.testLabels), train.classes)
      return ofOneSize(train, test, images.name)
    }
    case 'generated':
      return generatedImages({ ...source, seed })
    case 'images':
    case 'tar':
    case 'npy': {
      const train = await readPart(source, 'train', options)
      const beside = async (part: 'validation' | 'test') =>
        source[part] === undefined ? undefined : readPart(source, part, options, train)
      const [validation, test] = [await beside('validation'), await beside('test')]
      if (test) return { train, validation, test }
      if (source.testFraction === undefined)
        throw new KerfError('bad-options', 'The data have neither test images nor a testFraction; give one of them.')
      const { rest, part } = splitSet(train, source.testFraction, seed)
      return { train: rest, validation, test: part }
    }
  }
}

/** Names without ".gz"; some copies write a dot for the dash before "idx". */
export const mnistFiles = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
} as const

/** The file of this name in a folder, gzipped or not; undefined where there is none. */
export function findMnistFile(folder: string, name: string): string | undefined {
  const names = [name, name.replace('-idx', '.idx')]
  return names.flatMap((n) => [join(folder, n), join(folder, `${n}.gz`)]).find((path) => existsSync(path))
}

type MnistSource = Extract<DataSource, { readonly kind: 'mnist' | 'fashion-mnist' }>

const isMnist = (source: DataSource): source is MnistSource =>
  source.kind === 'mnist' || source.kind === 'fashion-mnist'

const mnistSets: Readonly<Record<MnistSource['kind'], { readonly name: string; readonly classes: readonly string[] }>> =
  {
    mnist: { name: 'MNIST', classes: Array.from({ length: 10 }, (_, i) => String(i)) },
    'fashion-mnist': {
      name: 'Fashion-MNIST',
      classes: [
        ...['T-shirt/top', 'trouser', 'pullover', 'dress', 'coat'],
        ...['sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'],
      ],
    },
  }

async function mnistPart({ kind, path: folder }: MnistSource, part: 'train' | 'test'): Promise<ImageSet> {
  const { name: set, classes } = mnistSets[kind]
  const file = (name: string): Promise<NamedBytes> => {
    const path = findMnistFile(folder, name)
    if (path !== undefined) return readUnpacked(path)
    throw new KerfError(
      'not-found',
      `${folder} has no ${name}, nor ${name}.gz. Fetch ${set} with: kerf data ${kind} -o ${folder}`,
      { path: folder, name },
    )
  }
  const images = await file(mnistFiles[`${part}Images`])
  return imagesFromIdx(images, await file(mnistFiles[`${part}Labels`]), classes)
}

/** @param name of the test images, for messages */
function ofOneSize(train: ImageSet, test: ImageSet, name: string): DataSets {
  if (test.height !== train.height || test.width !== train.width)
    throw new KerfError(
      'size-mismatch',
      `${name}: test images have ${test.height} × ${test.width} pixels, training images ${train.height} × ${train.width}.`,
      { test: [test.height, test.width], train: [train.height, train.width] },
    )
  return { train, test }
}

export const cifarBatches = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ['test_batch.bin'],
} as const

/** The folder itself, or the one that the official archive makes in it. */
export function cifarFolder(folder: string): string {
  const inside = join(folder, 'cifar-10-batches-bin')
  return existsSync(inside) ? inside : folder
}

async function cifarPart(folder: string, part: 'train' | 'test'): Promise<ImageSet> {
  const from = cifarFolder(folder)
  const batches: NamedBytes[] = []
  for (const name of cifarBatches[part]) {
    const path = join(from, name)
    if (!existsSync(path))
      throw new KerfError('not-found', `${from} has no ${name}. Fetch CIFAR-10 with: kerf data cifar10 -o ${folder}`, {
        path: from,
        name,
      })
    batches.push(await readUnpacked(path))
  }
  return imagesFromCifar(batches)
}
