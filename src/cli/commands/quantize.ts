import { type Command, InvalidArgumentError, Option } from 'commander'
import { profileModel } from '../../api/cost.ts'
import type { DataSets, ImageSet, Transform } from '../../api/data.ts'
import { openData, readingOf, writeModelFile } from '../../api/files.node.ts'
import type { Model } from '../../api/graph.ts'
import { type Quantized, quantize, quantizeIntegers, type RangeMethod, rangeMethods } from '../../api/rewrite.node.ts'
import { evaluate, type Recipe } from '../../api/train.node.ts'
import { evaluationLoader, imagesFor, QualityJudge, spread } from '../../api/workflow.ts'
import { type NamePattern, namePattern, type Task } from '../../base/index.ts'
import { calibrate, hasAdderLayers } from '../../quantize/index.node.ts'
import { layerNames, type Report, toJson } from '../../report/index.ts'
import { addDataOptions, classesOf, type DataOptions, dataRecipe, inOrderOf, openInputs } from '../data/given-data.ts'
import { imageSource } from '../data/image-source.ts'
import { skippedText } from '../data/skipped.ts'
import { UsageError } from '../errors.ts'
import { filesOfGiven, givenModel, learning, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import {
  type AccuracyPair,
  type AgreementCount,
  integerReport,
  type Judged,
  quantizeReport,
} from '../quantize-report.ts'
import { assumptionText } from '../run/image.ts'
import { withTask } from '../task.ts'
import { classesFlag, imageFlagsHelp, threadsFlag } from '../vocabulary.ts'

interface Options extends DataOptions {
  readonly classes?: readonly string[]
  readonly output: string
  readonly to?: 'adder' | 'int8'
  readonly bits?: number
  readonly recipe?: string
  readonly images: number
  readonly labels: boolean
  readonly range: RangeMethod
  readonly biasCorrection?: boolean
  readonly equalise?: boolean
  readonly keep: readonly NamePattern[]
  readonly keepWorst: number
  readonly evaluate: number
  readonly threads: number
  readonly fullNames?: boolean
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Examples:
  kerf quantize adder.onnx -o adder6.onnx --bits 6 --data mnist:data/mnist --resize 32
  kerf quantize adder.onnx -o adder5.onnx --bits 5 --data mnist:data/mnist --resize 32 --evaluate all
  kerf quantize runs/adder/best.onnx -o adder4.onnx --bits 4 --recipe runs/adder
  kerf quantize model.onnx -o model-int8.onnx --data photos/
  kerf quantize model.onnx -o model-int8.onnx --data photos/ --equalise --bias-correction --keep-worst 2

Of an adder network the adder layers become layers of codes, everything else stays as it is. Of any other one (--to int8) convolutions, linear layers and what
lies between them become so: weights with a scale per channel, around 0; values with a scale per tensor; biases in 32 bits; normalisation in the weights. Any
ONNX runtime runs both. Ranges come from training images, spread over the whole set;
accuracy before and after from test images, likewise; of images without labels, or with those of other classes, how often the largest output stays. Ranges (--range):
  mse         nearest to inputs and weights in the mean square (default)
  minmax      everything that was seen
  percentile  all but 1 in 10,000 on either side
  entropy     least loss of information (Kullback–Leibler divergence of the histograms)
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  addDataOptions(
    command
      .argument('<model>', 'an ONNX file, or the folder of a run', modelFile)
      .requiredOption('-o, --output <file>', 'the network in codes')
      .addOption(
        new Option(
          '--to <what>',
          'what becomes codes: adder layers, or ordinary ones (int8) (default: adder where there are such layers)',
        ).choices(['adder', 'int8']),
      )
      .option('--bits <n>', 'of the codes: 8, 7, 6, 5, 4, 3 or 2; with --to int8 by default 8', bits),
    'images to calibrate with',
  )
    .option('--recipe <file>', 'take data and transforms from a recipe, or from the folder of a run')
    .addOption(new Option('--images <n>', 'how many images ranges follow from').argParser(positiveInteger).default(256))
    .option('--no-labels', 'look at the images alone, whatever folders they lie in')
    .addOption(new Option('--range <how>', 'how ranges follow from what was seen').choices(rangeMethods).default('mse'))
    .option(
      '--bias-correction',
      "put each filter's mean right on calibration images, in its constant: better from 5 bits on, worse with fewer",
    )
    .option('--equalise', 'int8: make the channels of neighbouring layers alike before (cross-layer equalisation)')
    .addOption(
      new Option('--keep <glob>', 'int8: layers that stay in floating point (repeatable)')
        .argParser((glob: string, before: readonly NamePattern[]) => [...before, namePattern(glob)])
        .default([], 'none'),
    )
    .addOption(
      new Option('--keep-worst <n>', 'int8: so many layers stay that change the output most by themselves')
        .argParser(positiveInteger)
        .default(0),
    )
    .addOption(
      new Option('--evaluate <n>', 'how many test images accuracy is measured on: a number, all, or 0')
        .argParser(howMany)
        .default(1000),
    )
    .addOption(classesFlag())
    .addOption(threadsFlag())
    .option('--full-names', 'names of layers as the file has them')
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => withTask(io, (task, io) => quantizeFile(path, options, task, io)))
}

async function quantizeFile(path: string, options: Options, task: Task, io: Io): Promise<void> {
  if (options.data === undefined && options.recipe === undefined)
    throw new UsageError(
      'Ranges follow from data: say which, as in --data mnist:FOLDER (--help has examples). Nothing was written.',
    )
  const file = givenModel(path)
  const model = learning(file, io)
  const to = options.to ?? (hasAdderLayers(model) ? 'adder' : 'int8')
  if (to === 'adder') checkAdderFlags(options)
  const protect = filesOfGiven(path, file)
  checkOutput(options.output, { force: options.force, inputs: protect, endings: modelEndings })
  // What is wrong with the model is said before data are read.
  if (to === 'adder') calibrate(model)
  const { recipe, image } = dataRecipe(model, options, options.recipe)!
  const sets = await setsFor(recipe, options, task, io)
  const { threads, range, biasCorrection } = options
  const images = imagesFor(model, spread(sets.train, options.images), recipe.transforms)
  const common = { range, biasCorrection, images, threads, ...task }
  const { equalise, keep, keepWorst } = options
  const integers =
    to === 'int8'
      ? await quantizeIntegers(model, { bits: options.bits, equalise, keep, keepWorst, ...common })
      : undefined
  const result = integers ?? (await quantize(model, { bits: options.bits!, ...common }))
  const { isLabelled, ...test } = testFor(model, sets.test, options)
  if (test.notice) io.err(`kerf: ${test.notice}\n`)
  const assumed = image && assumptionText(image)
  const models = [model, result.model] as const
  const judged = test.set && ([models, spread(test.set, options.evaluate), recipe.transforms, threads, task] as const)
  const accuracy = judged && isLabelled ? await accuracies(...judged) : undefined
  const agreement = judged && !isLabelled ? await agreementOf(...judged) : undefined
  const written = writeModelFile(result.model, options.output, { force: options.force, protect })
  const { model: _, ...numbers } = result
  const names = options.fullNames
    ? undefined
    : layerNames(profileModel(model, { inputs: openInputs(model, image) }).layers)
  const report = (judged: Judged) =>
    integers
      ? integerReport(path, integers, waysText(options), judged, written, names)
      : quantizeReport(path, result as Quantized, judged, written, names)
  io.out(
    options.json
      ? toJson({ model: path, ...numbers, accuracy, agreement, assumed: image?.assumed ?? [], written })
      : terminalText(withNotes(report({ accuracy, agreement }), assumed), io),
  )
}

/** What a network is judged by: labels, where they are of its classes; else how often its largest output stays. */
function testFor(
  model: Model,
  set: ImageSet | undefined,
  { classes: names, labels }: Options,
): { readonly set?: ImageSet; readonly isLabelled: boolean; readonly notice?: string } {
  if (!set || !labels || set.classes.length === 0) return { set, isLabelled: false }
  const ordered = inOrderOf(model, set, names)
  const [told, given] = [classesOf(model), ordered.set.classes.length]
  if (told === given) return { ...ordered, isLabelled: true }
  const outputs = told === undefined ? 'gives no number for each class' : `tells ${told} classes apart`
  const notice = `The images are of ${given} classes, and the model ${outputs}: not accuracy is measured, but how often the largest output stays.`
  return { set, isLabelled: false, notice }
}

/** @throws UsageError where the codes of adder layers cannot be as wished */
function checkAdderFlags({ bits, equalise, keep, keepWorst }: Options): void {
  if (bits === undefined) throw new UsageError('Codes of adder layers have 2 to 8 bits: say how many, as in --bits 6.')
  const flag = equalise ? '--equalise' : keep.length > 0 ? '--keep' : keepWorst > 0 ? '--keep-worst' : undefined
  if (flag) throw new UsageError(`${flag} is for ordinary networks (--to int8).`)
}

/** What was done besides choosing ranges. */
function waysText({ equalise, biasCorrection }: Options): string {
  const ways = [equalise ? 'channels equalised across layers' : '', biasCorrection ? 'means of channels corrected' : '']
  return ways.flatMap((way) => (way === '' ? [] : [`, ${way}`])).join('')
}

const withNotes = (report: Report, note: string | undefined): Report =>
  note === undefined ? report : { ...report, notes: [...(report.notes ?? []), note] }

async function accuracies(
  models: readonly [Model, Model],
  set: ImageSet,
  transforms: readonly Transform[],
  threads: number,
  { signal, progress }: Task,
): Promise<AccuracyPair> {
  const correct: number[] = []
  for (const [i, model] of models.entries()) {
    const { perClass } = await evaluate(model, evaluationLoader(model, set, transforms), {
      threads,
      onNotice: () => {},
      signal,
      progress: (p) => progress?.({ ...p, what: i === 0 ? 'before' : 'after' }),
    })
    correct.push(perClass.reduce((sum, c) => sum + c.correct, 0))
  }
  const [before, after] = correct as [number, number]
  return { images: set.count, before, after }
}

/** Images to calibrate with, and to evaluate on, where that is asked for. */
async function setsFor(
  recipe: Recipe,
  { evaluate }: Options,
  task: Task,
  io: Io,
): Promise<Pick<DataSets, 'train'> & Partial<DataSets>> {
  if (evaluate === 0) return { train: await imageSource(recipe, {}, task, io).open() }
  const sets = await openData(recipe.data, { ...readingOf(recipe), ...task, labels: 'optional' })
  io.err(skippedText(sets.train.skipped))
  return sets
}

/** Undefined where the first output is no number per class: how far outputs move is told anyway. */
async function agreementOf(
  [before, after]: readonly [Model, Model],
  set: ImageSet,
  transforms: readonly Transform[],
  threads: number,
  task: Task,
): Promise<AgreementCount | undefined> {
  const judge = await QualityJudge.of(before, imagesFor(before, set, transforms), { threads, labels: false }, task)
  const { images, agreement } = await judge.judge(after, task)
  return agreement === undefined ? undefined : { images, same: Math.round(agreement * images) }
}

function bits(text: string): number {
  const value = Number(text)
  if (!/^[2-8]$/.test(text)) throw new InvalidArgumentError('Give a whole number from 2 to 8.')
  return value
}

function howMany(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number, or all.')
  return Number(text)
}
