import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import { imageMetadata } from '../../api/data.ts'
import { openPart, readingOf } from '../../api/files.node.ts'
import { graphInputs, type Model } from '../../api/graph.ts'
import { type BackendName, backendNames } from '../../api/runtime.ts'
import { evaluate } from '../../api/train.node.ts'
import { evaluationLoader, spread } from '../../api/workflow.ts'
import { KerfError, type Task } from '../../base/index.ts'
import { fewImagesNotice, toJson } from '../../report/index.ts'
import {
  addDataOptions,
  type DataOptions,
  dataRecipe,
  type GivenRecipe,
  imageSize,
  inOrderOf,
} from '../data/given-data.ts'
import { withReason } from '../data/image-source.ts'
import { skippedText } from '../data/skipped.ts'
import { UsageError } from '../errors.ts'
import { givenModel, isBuiltIn, isFolder, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { positiveInteger } from '../options.ts'
import { terminalText } from '../print.ts'
import { withTask } from '../task.ts'
import { withDataHint } from '../train/data-hint.ts'
import { evaluationJson, evaluationReport } from '../train/evaluation-report.ts'
import { batchSizeFlag, classesFlag, imageFlagsHelp, threadsFlag } from '../vocabulary.ts'

interface Options extends DataOptions {
  readonly threads: number
  readonly recipe?: string
  readonly classes?: readonly string[]
  readonly part: 'test' | 'validation' | 'train'
  readonly images?: number
  readonly backend: BackendName
  readonly loss: 'crossEntropy' | 'meanSquaredError'
  readonly perClass?: boolean
  readonly json?: boolean
}

const examples = `
Examples:
  kerf eval runs/mnist-lenet5                                # the best network of a run, with the run's data and transforms
  kerf eval runs/mnist-lenet5 --data /elsewhere/mnist        # of a run that was copied to another place
  kerf eval quantised.onnx --recipe runs/mnist-lenet5        # with data and transforms of a run
  kerf eval model.onnx --data mnist:data/mnist --per-class
  kerf eval model.onnx --data images:train,val --resize 256 --crop 224

Data are given as for kerf train. What is random in training is left out.
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  command.argument('<model>', modelArgument)
  addDataOptions(command, 'images and labels')
    .addOption(classesFlag())
    .option('--recipe <file>', 'take data and transforms from a recipe, or from the folder of a run')
    .addOption(new Option('--part <name>', 'which images').choices(['test', 'validation', 'train']).default('test'))
    .option('--images <n>', 'at most so many, evenly from all (default: all)', positiveInteger)
    .addOption(batchSizeFlag("images at a time (default: 64, or the model's own)"))
    .addOption(threadsFlag())
    .addOption(new Option('--backend <name>', 'what computes').choices(backendNames).default('wasm'))
    .addOption(
      new Option('--loss <name>', 'which loss is measured')
        .choices(['crossEntropy', 'meanSquaredError'])
        .default('crossEntropy'),
    )
    .option('--per-class', 'accuracy of every class')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((given: string, options: Options) => withTask(io, (task, io) => measure(given, options, task, io)))
}

async function measure(given: string, options: Options, task: Task, io: Io): Promise<void> {
  const path = modelFile(given)
  const model = givenModel(path)
  const { recipe, image } = givenFor(given, path, model, options)
  const known = imageMetadata(model)
  const names = options.classes ?? known.classes
  const opened = await withDataHint(options.data === undefined, () =>
    withReason('Accuracy is measured by labels.', () =>
      openPart(recipe.data, options.part, {
        ...{ ...readingOf(recipe), ...task },
        ...{ classes: names, channels: channelsOf(model) },
      }),
    ),
  )
  if (!opened)
    throw new KerfError(
      'no-validation',
      'The data have no validation images. Give those that a run kept back with --recipe RUN, or another --part.',
    )
  const { set: whole, notice } = inOrderOf(model, opened, names)
  const set = options.images === undefined ? whole : spread(whole, options.images)
  const loader = evaluationLoader(model, set, recipe.transforms, options.batchSize)
  const notices: string[] = []
  const say = (text: string) => {
    notices.push(text)
    io.err(`kerf: ${text}\n`)
  }
  io.err(skippedText(whole.skipped))
  for (const text of [...known.problems, notice, fewImagesNotice(set.count, options.part)]) if (text) say(text)
  const result = await evaluate(model, loader, {
    threads: options.threads,
    backend: options.backend,
    loss: options.loss,
    ...task,
    onNotice: say,
  })
  const data = `${recipe.data.kind}, ${options.part}`
  const context = {
    model: path,
    data,
    set,
    skipped: whole.skipped,
    notices,
    transforms: recipe.transforms,
    image,
  }
  io.out(
    options.json
      ? toJson(evaluationJson(context, result))
      : terminalText(evaluationReport(context, result, options.perClass), io),
  )
}

/** Data and transforms; by default those of the run in whose folder the model lies. */
function givenFor(given: string, path: string, model: Model, options: Options): GivenRecipe {
  const beside = join(dirname(path), 'recipe.json')
  // A network by name lies in no folder.
  const ofRun = !isBuiltIn(given) && (isFolder(given) || options.data === undefined)
  const source = options.recipe ?? (ofRun && existsSync(beside) ? beside : undefined)
  const recipe = dataRecipe(model, options, source)
  if (!recipe)
    throw new UsageError('Say what to measure with: --data mnist:FOLDER, or --recipe RECIPE (--help has examples).')
  return recipe
}

/** Of the images that a model takes, where that is told. */
function channelsOf({ graph }: Model): 1 | 3 | undefined {
  const [input] = graphInputs(graph)
  const shape = input?.type?.kind === 'tensor' ? input.type.shape : undefined
  const [channels] = input && shape ? imageSize(input, shape) : []
  return channels === 1 || channels === 3 ? channels : undefined
}
