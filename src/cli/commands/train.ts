import { type Command, InvalidArgumentError, Option } from 'commander'
import { KerfError } from '../../base/index.ts'
import { type NamedNet, parseNetName } from '../../nets/index.ts'
import { toJson } from '../../report/index.ts'
import { describeRecipe, parseRecipe, type RunOutcome, type RunStart, runRecipe } from '../../train/index.node.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { positiveInteger, positiveNumber, threadCount } from '../options.ts'
import { terminalText } from '../print.ts'
import { stopOnSignal } from '../stop.ts'
import { type Assignment, assigned, assignment } from '../train/assignments.ts'
import { dataOption, type GivenData } from '../train/data-option.ts'
import { curvesText, trainingDisplay } from '../train/progress.ts'
import { readRecipe } from '../train/read-recipe.ts'
import { completeText, outcomeJson, outcomeReport, startText } from '../train/report.ts'

interface Options {
  readonly model?: string
  readonly net?: NamedNet
  readonly data?: GivenData
  readonly output?: string
  readonly epochs?: number
  readonly batchSize?: number
  readonly learningRate?: number
  readonly optimiser?: 'sgd' | 'adamw'
  readonly schedule?: 'constant' | 'cosine' | 'oneCycle'
  readonly weightDecay?: number
  readonly validation?: number
  readonly patience?: number
  readonly labelSmoothing?: number
  readonly teacher?: string
  readonly masks?: 'none' | 'zeros'
  readonly seed?: number
  readonly threads?: number
  readonly set: readonly Assignment[]
  readonly resume?: boolean
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

const examples = `
Examples:
  kerf train recipes/mnist-lenet5.json
  kerf train recipes/mnist-lenet5.json --set data.path=/data/mnist --set epochs=2 -o runs/try
  kerf train runs/mnist-lenet5 --resume
  kerf train --net resnet20-adder --data data/cifar10 --epochs 50 -o runs/adder
  kerf train --model pruned.onnx --data images:train,test --epochs 5 --lr 0.01 -o runs/finetuned
  kerf train --net lenet5_bn --data generated --epochs 2 -o runs/try

A recipe is JSON (docs/recipe.schema.json); options change its fields, --set any of them. Data (--data):
  mnist:FOLDER   cifar10:FOLDER   images:TRAIN,TEST (a folder per class)   tar:TRAIN.tar,TEST.tar   generated
  images:TRAIN,VALIDATION,TEST with validation images of their own. FOLDER alone: what is in it decides.
A tenth of the training images is kept back for validation (--validation 0.1): best.onnx is the network that tells them best. The test images
are looked at once, at the end.
The run's folder gets the recipe with every default, metrics.jsonl, TensorBoard events, curves.svg, checkpoints, best.onnx, last.onnx and test.json.
Ctrl-C saves and stops; --resume goes on to the same bits.`

export function define(command: Command, io: Io): void {
  command
    .argument('[recipe]', 'a recipe, or the folder of a run to go on with')
    .addOption(new Option('--model <file>', 'an ONNX file to start from').conflicts('net'))
    .option('--net <name>', 'a network by name; with -adder behind it of adder convolutions', netName)
    .option('--data <where>', 'images and labels', dataOption)
    .option('-o, --output <folder>', 'folder of the run')
    .option('-e, --epochs <n>', 'epochs', positiveInteger)
    .option('-b, --batch-size <n>', 'images per step', positiveInteger)
    .option('--lr, --learning-rate <x>', 'highest learning rate', positiveNumber)
    .addOption(new Option('--optimiser <name>', 'optimiser').choices(['sgd', 'adamw']))
    .addOption(new Option('--schedule <name>', 'of the learning rate').choices(['constant', 'cosine', 'oneCycle']))
    .option('--weight-decay <x>', 'of weights', number)
    .option('--validation <part>', 'part of the training images that chooses the best network; 0: none', number)
    .option('--patience <epochs>', 'end when so many epochs have brought nothing better', positiveInteger)
    .option('--label-smoothing <part>', 'part of a label that all classes share', number)
    .option('--teacher <file>', 'an ONNX file to distil from')
    .addOption(new Option('--masks <which>', 'zeros: weights that are 0 stay 0').choices(['none', 'zeros']))
    .option('--seed <n>', 'seed of weights, order and transforms', number)
    .option('-t, --threads <n>', 'threads', threadCount)
    .addOption(
      new Option('--set <field=value>', 'any field of the recipe (repeatable)')
        .argParser(assignment)
        .default([], 'none'),
    )
    .option('--resume', "go on with the run in the recipe's folder")
    .option('--force', 'start over where the folder holds a run')
    .option('--dry-run', 'print the recipe with every default, train nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (path: string | undefined, options: Options) => {
      const given = assigned(recipeFrom(path, options), options.set)
      const recipe = parseRecipe(given)
      if (options.dryRun) {
        io.out(options.json ? toJson(recipe) : describeRecipe(recipe, given))
        return
      }
      if (!options.json) io.err(describeRecipe(recipe, given))
      const display = trainingDisplay(io)
      const stop = stopOnSignal()
      let start: RunStart | undefined
      try {
        const outcome = await runRecipe(recipe, {
          resume: options.resume,
          force: options.force,
          signal: stop.signal,
          onNotice: (text) => io.err(`kerf: ${text}\n`),
          onStart: (ready) => {
            start = ready
            display.start(ready)
            if (!options.json) io.err(startText(ready))
          },
          onEvent: options.json ? undefined : display.event,
        })
        display.end()
        if (options.json) io.out(toJson(outcomeJson(outcome, start)))
        else if (!outcome.stopped) {
          if (outcome.wasComplete) io.err(completeText(outcome))
          io.err(curvesText(outcome.metrics, io.columns ?? 80))
          io.out(terminalText(outcomeReport(outcome), io))
        }
        if (outcome.stopped) throw stopped(outcome, recipe.output)
      } finally {
        display.end()
        stop.end()
      }
    })
}

function stopped({ position, checkpoint }: RunOutcome, folder: string): KerfError {
  return new KerfError(
    'stopped',
    `Stopped after step ${position.step}, saved in ${checkpoint}. Go on with: kerf train ${folder} --resume`,
    { step: position.step, checkpoint },
  )
}

/** The recipe as it was written, with the options' fields. */
function recipeFrom(path: string | undefined, options: Options): unknown {
  if (path === undefined && !options.data && !options.set.length)
    throw new UsageError(
      'Say what to train: a recipe, or --net or --model with --data, --epochs and -o (--help has examples).',
    )
  const recipe = path === undefined ? {} : readRecipe(path)
  const { learningRate, batchSize, epochs, weightDecay, labelSmoothing, seed, threads, masks, output, data } = options
  const { validation, patience } = options
  const plain = {
    ...{
      output,
      epochs,
      batchSize,
      learningRate,
      weightDecay,
      validation,
      patience,
      labelSmoothing,
      masks,
      seed,
      threads,
    },
    data,
  }
  const nested: Assignment[] = [
    ...(options.model === undefined ? [] : [{ path: ['model'], value: { onnx: options.model } }]),
    ...(options.net === undefined
      ? []
      : [{ path: ['model'], value: { net: options.net.net, ...(options.net.adder ? { convolution: 'adder' } : {}) } }]),
    ...(options.optimiser === undefined ? [] : [{ path: ['optimiser'], value: { kind: options.optimiser } }]),
    ...(options.schedule === undefined ? [] : [{ path: ['schedule'], value: { kind: options.schedule } }]),
    ...(options.teacher === undefined ? [] : [{ path: ['distillation', 'teacher'], value: options.teacher }]),
  ]
  const fields = Object.entries(plain).flatMap(([key, value]) => (value === undefined ? [] : [{ path: [key], value }]))
  return assigned(recipe, [...fields, ...nested])
}

function netName(text: string): NamedNet {
  try {
    return parseNetName(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number, as in 0.01.')
  return value
}
