import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Transform } from '../../api/data.ts'
import { type RunOutcome, type RunStart, readModelFile, runRecipe } from '../../api/files.node.ts'
import { bindInputs, withInputShapes } from '../../api/graph.ts'
import { type NamedNet, netNameOf, parseNetName } from '../../api/nets.ts'
import { describeRecipe, type Recipe } from '../../api/train.node.ts'
import { KerfError } from '../../base/index.ts'
import { toJson } from '../../report/index.ts'
import { dataFor } from '../data/given-data.ts'
import { transformsFor, withFlags } from '../data/transforms.ts'
import { UsageError } from '../errors.ts'
import { modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape, positiveInteger, positiveNumber } from '../options.ts'
import { terminalText } from '../print.ts'
import { assumptionText } from '../run/image.ts'
import { type CommandTask, withTask } from '../task.ts'
import { withDataHint } from '../train/data-hint.ts'
import { curvesText, trainingDisplay } from '../train/progress.ts'
import { readRecipe } from '../train/read-recipe.ts'
import { parseGivenRecipe, type RecipeFlags, withRecipeFlags } from '../train/recipe-flags.ts'
import { completeText, outcomeJson, outcomeReport, startText } from '../train/report.ts'
import {
  addAugmentationFlags,
  addImageFlags,
  addTrainingFlags,
  batchSizeFlag,
  dataFlag,
  epochsFlag,
  imageFlagsHelp,
  learningRateFlag,
  recipeSeedFlag,
  recipeThreadsFlag,
  setFlag,
} from '../vocabulary.ts'

interface Given {
  readonly classes?: number | 'data'
  readonly input?: InputShapes
}

interface Options extends RecipeFlags {
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
  kerf train copied/mnist-lenet5 --resume --data /elsewhere/mnist
  kerf train --net resnet20-adder --data data/cifar10 --epochs 50 -o runs/adder
  kerf train --model pruned.onnx --data images:train,test --epochs 5 --lr 0.01 -o runs/finetuned
  kerf train --model resnet18.onnx --data images:photos --resize 256 --crop 224 --flip --epochs 5 -o runs/photos
  kerf train --model small.onnx --classes data --data images:photos --epochs 10 --lr 0.001 --head-lr 0.01 -o runs/mine
  kerf train --net lenet5_bn --data generated --epochs 2 -o runs/try

A recipe is JSON (docs/recipe.schema.json); options change its fields, --set any of them. Data (--data):
  mnist:FOLDER   fashion-mnist:FOLDER   cifar10:FOLDER   images:TRAIN,TEST (a folder per class)   tar:TRAIN.tar,TEST.tar   generated
  images:TRAIN,VALIDATION,TEST with validation images of their own. FOLDER alone: what is in it decides.
A tenth of the training images is kept back for validation (--validation 0.1): best.onnx is the network that tells them best. The test images
are looked at once, at the end.
The run's folder gets the recipe with every default, metrics.jsonl, TensorBoard events, curves.svg, checkpoints, best.onnx, last.onnx and test.json.
Ctrl-C saves and stops; --resume goes on to the same bits.
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  command
    .argument('[recipe]', 'a recipe, or the folder of a run to go on with')
    .addOption(
      new Option('--model <file>', 'what to start from: an ONNX file, the folder of a run, or net:NAME')
        .argParser(modelFile)
        .conflicts('net'),
    )
    .option('--net <name>', 'a network by name; with -adder behind it of adder convolutions', netName)
    .addOption(dataFlag('images and labels'))
    .option('-i, --input <shape>', 'train at another size of image than the file has: N,C,H,W', inputShape)
    .option('--classes <n>', 'a new classifier for so many classes; data: those of the data', classCount)
    .option('--head-lr <x>', 'highest learning rate of the classifier (default: that of all)', positiveNumber)
    .option('--freeze-body', 'only the classifier learns')
    .option('-o, --output <folder>', 'folder of the run')
    .addOption(epochsFlag('epochs'))
    .addOption(batchSizeFlag('images per step (default: 64)'))
    .addOption(
      learningRateFlag('highest learning rate (default: 0.1, of adamw 0.001; from an ONNX file a tenth of it)'),
    )
    .addOption(new Option('--masks <which>', 'zeros: weights that are 0 stay 0').choices(['none', 'zeros']))
    .addOption(recipeSeedFlag('of weights, order and transforms'))
    .addOption(recipeThreadsFlag())
    .addOption(setFlag('a field of the recipe that has no flag'))
  addAugmentationFlags(addImageFlags(addTrainingFlags(command)))
    .option('--resume', "go on with the run in the recipe's folder")
    .option('--force', 'start over where the folder holds a run')
    .option('--dry-run', 'print the recipe with every default, train nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(
      async (path: string | undefined, { classes: newClasses, input: inputShape, ...others }: Options & Given) => {
        const options: Options = { ...others, newClasses, inputShape }
        const { given, assumed } = recipeFrom(path, options)
        const recipe = parseGivenRecipe(given, options, path !== undefined)
        if (assumed) io.err(`kerf: ${assumed}\n`)
        if (options.dryRun) {
          io.out(options.json ? toJson(recipe) : describeRecipe(recipe, given))
          return
        }
        if (!options.json) io.err(describeRecipe(recipe, given))
        await withTask(io, (task, io) => run(recipe, options, task, io))
      },
    )
}

async function run(recipe: Recipe, options: Options, task: CommandTask, io: Io): Promise<void> {
  const display = trainingDisplay(io, task)
  let start: RunStart | undefined
  const goesOn = options.resume === true && existsSync(join(recipe.output, 'recipe.json'))
  const outcome = await withDataHint(goesOn && options.data === undefined, () =>
    runRecipe(recipe, {
      resume: options.resume,
      force: options.force,
      ...task,
      onNotice: (text) => io.err(`kerf: ${text}\n`),
      onStart: (ready) => {
        start = ready
        display.start(ready)
        if (!options.json) io.err(startText(ready))
      },
      onEvent: options.json ? undefined : display.event,
    }),
  )
  if (options.json) io.out(toJson(outcomeJson(outcome, start)))
  else if (!outcome.stopped) {
    if (outcome.wasComplete) io.err(completeText(outcome))
    io.err(curvesText(outcome.metrics, io.columns ?? 80))
    io.out(terminalText(outcomeReport(outcome), io))
  }
  if (outcome.stopped) throw stopped(outcome, recipe.output)
}

function stopped({ position, checkpoint }: RunOutcome, folder: string): KerfError {
  return new KerfError(
    'stopped',
    `Stopped after step ${position.step}, saved in ${checkpoint}. Go on with: kerf train ${folder} --resume`,
    { step: position.step, checkpoint },
  )
}

/** The recipe as it was written, with the flags' fields; what flags alone do not say of images, the model's file says. */
function recipeFrom(path: string | undefined, options: Options): { given: unknown; assumed?: string } {
  if (path === undefined && !options.data && !options.set?.length)
    throw new UsageError(
      'Say what to train: a recipe, or --net or --model with --data, --epochs and -o (--help has examples).',
    )
  const named = options.model === undefined ? undefined : netNameOf(options.model)
  if (named !== undefined) return recipeFrom(path, { ...options, model: undefined, net: parseNetName(named) })
  if (path === undefined && options.model !== undefined && !options.set?.some((s) => s.path[0] === 'transforms')) {
    const own = readModelFile(options.model)
    const { inputShapes } = options.inputShape ? bindInputs(own.graph, options.inputShape) : {}
    const model = inputShapes ? withInputShapes(own, inputShapes) : own
    const { transforms, image } = transformsFor(model, options)
    const data = dataFor(model, options.data, options.newClasses)
    return { given: withRecipeFlags({ transforms }, { ...options, data }), assumed: image && assumptionText(image) }
  }
  const recipe = path === undefined ? {} : (readRecipe(path) as { readonly transforms?: readonly Transform[] })
  const transforms = withFlags(recipe.transforms ?? [], options)
  // A recipe without any is one where that is the default.
  const read = transforms.length > 0 ? { ...recipe, transforms } : recipe
  return { given: withRecipeFlags(read, options) }
}

function classCount(text: string): number | 'data' {
  return text === 'data' ? text : positiveInteger(text)
}

function netName(text: string): NamedNet {
  try {
    return parseNetName(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}
