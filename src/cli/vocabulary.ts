import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Preprocessing, PreprocessingOptions } from '../api/data.ts'
import { readWholeFile } from '../base/index.node.ts'
import { modelFile } from './given-model.ts'
import { byteCount, mostThreads, portion, positiveInteger, positiveNumber, threadCount } from './options.ts'
import { assignment } from './train/assignments.ts'
import { dataOption } from './train/data-option.ts'

/*
 * The flags that several commands have, each defined once: the same name, the same meaning, the same errors. A command takes those that it has a use
 * for, and says what for.
 */

type Size = readonly [height: number, width: number]

/** `--set field=value`, for what has no flag of its own. */
export const setFlag = (what: string): Option =>
  new Option('--set <field=value>', `${what} (repeatable)`).argParser(assignment).default([], 'none')

/** What `addImageFlags` gives a command. */
export interface ImageFlags {
  readonly resize?: Size
  readonly fit?: Preprocessing['fit']
  readonly crop?: Size
  readonly channels?: Preprocessing['order']
  readonly scale?: number
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
}

/** What `addAugmentationFlags` gives a command. */
export interface AugmentationFlags {
  readonly randomCrop?: number
  readonly flip?: number | true
  readonly cutout?: number
  readonly mixup?: number
}

export const imageFlagsHelp = `
An image is resized (--resize, --fit), its middle is cut out (--crop), and of every channel comes (pixel · scale - mean) ÷ std, pixels from 0 to 255,
scale 1/255. What no flag says, the model's file says (kerf train writes it); what that does not say is assumed, and the output says so: the size of the
input, --fit cover, --channels rgb, and for three channels of floats ImageNet's --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225.`

/** How images become what the network takes. */
export const addImageFlags = (command: Command): Command =>
  command
    .option('--resize <HxW>', 'images: resize to, as in 224 or 224x320', size)
    .addOption(
      new Option('--fit <how>', 'images: squeezed (fill), the middle (cover), or all with a border (contain)').choices([
        'fill',
        'cover',
        'contain',
      ]),
    )
    .option('--crop <HxW>', 'images: then cut out the middle of this size', size)
    .addOption(new Option('--channels <order>', 'images: order of the channels').choices(['rgb', 'bgr']))
    .option('--scale <s>', 'images: what pixels from 0 to 255 are multiplied by, as in 1/255', scale)
    .option('--mean <list>', 'images: what is then subtracted, per channel, as in 0.485,0.456,0.406', numbers)
    .option('--std <list>', 'images: what is then divided by, per channel', divisors)

/** How networks learn, where it is not said otherwise. */
export const addTrainingFlags = (command: Command): Command =>
  command
    .addOption(new Option('--optimiser <name>', 'optimiser (default: sgd)').choices(['sgd', 'adamw']))
    .addOption(
      new Option('--schedule <name>', 'of the learning rate (default: cosine)').choices([
        'constant',
        'cosine',
        'oneCycle',
      ]),
    )
    .option('--weight-decay <x>', 'of weights (default: 0.0005, of adamw 0.01)', anyNumber)
    .option(
      '--validation <part>',
      'part of the training images that chooses the best network; 0: none (default: 0.1)',
      anyPart,
    )
    .option('--patience <epochs>', 'end when so many epochs have brought nothing better', positiveInteger)
    .option('--label-smoothing <part>', 'part of a label that all classes share (default: 0)', anyPart)
    .option('--teacher <model>', 'what to distil from: an ONNX file, the folder of a run, or net:NAME', modelFile)
    .option('--freeze <glob>', "layers that stay as they are, as in 'layer1*' (repeatable)", globs)

const globs = (glob: string, before: readonly string[] = []): string[] => [...before, glob]

/** What happens to images at random while training. */
export const addAugmentationFlags = (command: Command): Command =>
  command
    .addOption(
      new Option('--random-crop <pixels>', 'training: images moved by up to so many').argParser(positiveInteger),
    )
    .addOption(
      new Option('--flip [probability]', 'training: left and right exchanged (default: 0.5)').argParser(probability),
    )
    .addOption(new Option('--cutout <pixels>', 'training: a square of this side left black').argParser(positiveInteger))
    .addOption(new Option('--mixup <alpha>', 'training: pairs of images mixed, as in 0.2').argParser(positiveNumber))

/** The same, as the library takes it. */
export const preprocessingOptions = ({ channels, ...flags }: ImageFlags): PreprocessingOptions => {
  const { resize, fit, crop, scale, mean, std } = flags
  return { resize, fit, crop, order: channels, scale, mean, std }
}

export const dataFlag = (what: string): Option =>
  new Option(
    '--data <where>',
    `${what}: mnist:FOLDER, fashion-mnist:FOLDER, cifar10:FOLDER, images:TRAIN,TEST, tar:…, npy:…, generated`,
  ).argParser(dataOption)

export const classesFlag = (
  what = 'names of the classes, in order: cat,dog, or a text file with one per line',
): Option => new Option('--classes <names>', what).argParser(classNames)

/** Every command has it. */
export const maxMemoryFlag = (): Option =>
  new Option(
    '--max-memory <size>',
    "most that is taken at a time for tensors, images and archives, as in 8GB (default: half of the machine's)",
  ).argParser(byteCount)

/** Threads where nobody says how many: all of the machine. */
export const defaultThreads = Math.min(mostThreads, availableParallelism())

/** What draws where nobody says it. */
export const defaultSeed = 0

const allThreads = 'all of the machine'

/** @param what is computed with them, in the help */
export const threadsFlag = (what = 'threads'): Option =>
  new Option('-t, --threads <n>', what).argParser(threadCount).default(defaultThreads, allThreads)

/** Of commands that a recipe may tell: left undefined where the flag is not given. */
export const recipeThreadsFlag = (): Option =>
  new Option('-t, --threads <n>', `threads (default: those of the recipe, or ${allThreads})`).argParser(threadCount)

export const batchSizeFlag = (what: string): Option =>
  new Option('-b, --batch-size <n>', what).argParser(positiveInteger)

export const epochsFlag = (what: string): Option => new Option('-e, --epochs <n>', what).argParser(positiveInteger)

export const learningRateFlag = (what: string): Option =>
  new Option('--lr, --learning-rate <x>', what).argParser(positiveNumber)

/** @param what is drawn, in the help */
export const seedFlag = (what: string): Option => new Option('--seed <n>', what).argParser(seed).default(defaultSeed)

/** Of commands that a recipe may tell: left undefined where the flag is not given. */
export const recipeSeedFlag = (what: string): Option =>
  new Option('--seed <n>', `${what} (default: that of the recipe, or ${defaultSeed})`).argParser(seed)

/** `32`, `224x224`. @throws InvalidArgumentError, which is wrong usage, as all below */
export function size(text: string): Size {
  const sizes = /^(\d+)(?:[x×,](\d+))?$/.exec(text)
  const [height, width] = [Number(sizes?.[1]), Number(sizes?.[2] ?? sizes?.[1])]
  if (!(height >= 1 && width >= 1)) throw new InvalidArgumentError('Give height and width, as in 32 or 224x224.')
  return [height, width]
}

function probability(text: string): number {
  const value = number(text)
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('Give a number from 0 to 1, as in 0.5.')
  return value
}

function scale(text: string): number {
  const [numerator, denominator = '1'] = text.split('/')
  const value = number(numerator) / number(denominator)
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError('Give a number greater than 0, as in 1/255.')
  return value
}

const number = (text: string | undefined): number =>
  text === undefined || text.trim() === '' ? Number.NaN : Number(text)

function numbers(text: string): number[] {
  const values = text.split(',').map(number)
  if (!values.every(Number.isFinite))
    throw new InvalidArgumentError('Give a number, or one per channel, as in 0.485,0.456,0.406.')
  return values
}

function divisors(text: string): number[] {
  const values = numbers(text)
  if (!values.every((v) => v > 0)) throw new InvalidArgumentError('Give numbers greater than 0.')
  return values
}

/** @throws InvalidArgumentError unless the text is a number */
export function anyNumber(text: string): number {
  const value = number(text)
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Give a number, as in 0.01.')
  return value
}

/** Which parts there can be, those who use it say. */
function anyPart(text: string): number {
  const value = portion(text)
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Give a part, as in 0.1 or 10%.')
  return value
}

function seed(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) >= 2 ** 31)
    throw new InvalidArgumentError('Give a whole number from 0 to 2147483647.')
  return Number(text)
}

/** `cat,dog`, or the name of a text file. */
export function classNames(text: string): string[] {
  const isFile = !text.includes(',') && existsSync(text)
  const names = (isFile ? new TextDecoder().decode(readWholeFile(text)).split(/\r?\n/) : text.split(',')).map((name) =>
    name.trim(),
  )
  // A file's last line ends, too.
  while (names.at(-1) === '') names.pop()
  if (names.length < 2 || names.includes(''))
    throw new InvalidArgumentError('Give at least two names, as in cat,dog, or a text file with one per line.')
  return names
}
