import { type Command, InvalidArgumentError, Option } from 'commander'
import type { DataSets, ImageSet, Transform } from '../../api/data.ts'
import { openData, readingOf, writeModelFile } from '../../api/files.node.ts'
import type { Model } from '../../api/graph.ts'
import { quantize, type RangeMethod, rangeMethods } from '../../api/rewrite.node.ts'
import { evaluate, type Recipe } from '../../api/train.node.ts'
import { evaluationLoader, imagesFor, QualityJudge, spread } from '../../api/workflow.ts'
import type { Task } from '../../base/index.ts'
import { calibrate, checkBits } from '../../quantize/index.node.ts'
import { type Report, toJson } from '../../report/index.ts'
import { addDataOptions, type DataOptions, dataRecipe, inOrderOf } from '../data/given-data.ts'
import { imageSource } from '../data/image-source.ts'
import { skippedText } from '../data/skipped.ts'
import { UsageError } from '../errors.ts'
import { filesOfGiven, givenModel, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import { type AccuracyPair, type AgreementCount, quantizeReport } from '../quantize-report.ts'
import { assumptionText } from '../run/image.ts'
import { withTask } from '../task.ts'
import { classesFlag, imageFlagsHelp, threadsFlag } from '../vocabulary.ts'

interface Options extends DataOptions {
  readonly classes?: readonly string[]
  readonly output: string
  readonly bits: number
  readonly recipe?: string
  readonly calibrate: number
  readonly range: RangeMethod
  readonly biasCorrection?: boolean
  readonly evaluate: number
  readonly threads: number
  readonly json?: boolean
  readonly force?: boolean
}

const examples = `
Examples:
  kerf quantize adder.onnx -o adder6.onnx --bits 6 --data mnist:data/mnist --resize 32
  kerf quantize adder.onnx -o adder5.onnx --bits 5 --data mnist:data/mnist --resize 32 --evaluate all
  kerf quantize runs/adder/best.onnx -o adder4.onnx --bits 4 --recipe runs/adder

Adder layers become layers of codes, everything else stays as it is. Ranges come from training images, spread over the whole set;
accuracy before and after from test images, likewise; of images without labels, how often the largest output stays. Ranges (--range):
  mse         nearest to inputs and weights in the mean square (default)
  minmax      everything that was seen
  percentile  all but 1 in 10,000 on either side
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  addDataOptions(
    command
      .argument('<model>', 'an ONNX file with adder layers, or the folder of a run', modelFile)
      .requiredOption('-o, --output <file>', 'the network in codes')
      .requiredOption('-b, --bits <n>', 'of the codes: 8, 7, 6, 5, 4, 3 or 2', bits),
    'images to calibrate with',
  )
    .option('--recipe <file>', 'take data and transforms from a recipe, or from the folder of a run')
    .addOption(
      new Option('--calibrate <n>', 'how many images ranges follow from').argParser(positiveInteger).default(256),
    )
    .addOption(new Option('--range <how>', 'how ranges follow from what was seen').choices(rangeMethods).default('mse'))
    .option(
      '--bias-correction',
      "put each filter's mean right on calibration images, in its constant: better from 5 bits on, worse with fewer",
    )
    .addOption(
      new Option('--evaluate <n>', 'how many test images accuracy is measured on: a number, all, or 0')
        .argParser(howMany)
        .default(1000),
    )
    .addOption(classesFlag())
    .addOption(threadsFlag())
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
  const model = givenModel(path)
  const protect = filesOfGiven(path, model)
  checkOutput(options.output, { force: options.force, inputs: protect, endings: modelEndings })
  // What is wrong with the model is said before data are read.
  calibrate(model)
  const { recipe, image } = dataRecipe(model, options, options.recipe)!
  const sets = await setsFor(recipe, options, task, io)
  const { threads, range, biasCorrection } = options
  const result = await quantize(model, {
    bits: options.bits,
    range,
    biasCorrection,
    images: imagesFor(model, spread(sets.train, options.calibrate), recipe.transforms),
    threads,
    ...task,
  })
  const isLabelled = sets.test !== undefined && sets.test.classes.length > 0
  const test: { readonly set?: ImageSet; readonly notice?: string } = isLabelled
    ? inOrderOf(model, sets.test, options.classes)
    : { set: sets.test }
  if (test.notice) io.err(`kerf: ${test.notice}\n`)
  const assumed = image && assumptionText(image)
  const models = [model, result.model] as const
  const judged = test.set && ([models, spread(test.set, options.evaluate), recipe.transforms, threads, task] as const)
  const accuracy = judged && isLabelled ? await accuracies(...judged) : undefined
  const agreement = judged && !isLabelled ? await agreementOf(...judged) : undefined
  const written = writeModelFile(result.model, options.output, { force: options.force, protect })
  const { model: _, ...numbers } = result
  io.out(
    options.json
      ? toJson({ model: path, ...numbers, accuracy, agreement, assumed: image?.assumed ?? [], written })
      : terminalText(withNotes(quantizeReport(path, result, { accuracy, agreement }, written), assumed), io),
  )
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
  const judge = await QualityJudge.of(before, imagesFor(before, set, transforms), { threads }, task)
  const { images, agreement } = await judge.judge(after, task)
  return agreement === undefined ? undefined : { images, same: Math.round(agreement * images) }
}

function bits(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number from 2 to 8.')
  checkBits(value)
  return value
}

function howMany(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number, or all.')
  return Number(text)
}
