import { basename, dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import type { ResolvedPreprocessing } from '../../api/data.ts'
import {
  type FineTuned,
  type FineTuneOptions,
  pruneAndFineTune,
  type WrittenModel,
  writeModelFile,
} from '../../api/files.node.ts'
import { bindInputs, type Model, withInputShapes } from '../../api/graph.ts'
import {
  criteria,
  type NmPattern,
  type PruneMethod,
  type PruneResult,
  type Scope,
  type TimeTable,
} from '../../api/prune.ts'
import {
  imageFeeds,
  measureTimes,
  type Proof,
  type PruneAndProveOptions,
  type Pruned,
  pruneAndProve,
} from '../../api/workflow.node.ts'
import { isAborted, KerfError, type NamePattern, type Task } from '../../base/index.ts'
import { toJson } from '../../report/index.ts'
import { dataRecipe, type GivenRecipe } from '../data/given-data.ts'
import { type ImageSource, imageSource, withReason } from '../data/image-source.ts'
import { UsageError } from '../errors.ts'
import { givenModel, learning, modelArgument, modelFile } from '../given-model.ts'
import type { Io } from '../io.ts'
import { type InputShapes, inputShape, positiveInteger } from '../options.ts'
import { checkOutput } from '../output.ts'
import { modelEndings } from '../output-type.ts'
import { terminalText } from '../print.ts'
import { addBudgetFlags, type BudgetFields, targetOf, timingOf } from '../prune/budget.ts'
import { accuracyTable, fineTuneJson, stageText } from '../prune/finetune-report.ts'
import { keep, methodList, nmPattern, part, perLayer } from '../prune/options.ts'
import { type FineTuneFields, fineTuneEpochs, fineTuneRecipe } from '../prune/recipe.ts'
import { distilLosses, type RecoveryFields, recoveryImages, recoveryOptions, stepList } from '../prune/recovery.ts'
import { losses, type ScoringFields, scoringImages, scoringOptions, whyLabels } from '../prune/scoring.ts'
import { zeroWorth } from '../prune/worth.ts'
import { pruneReport } from '../prune-report.ts'
import { assumptionText } from '../run/image.ts'
import { type CommandTask, withTask } from '../task.ts'
import { trainingDisplay } from '../train/progress.ts'
import {
  addAugmentationFlags,
  addImageFlags,
  addTrainingFlags,
  batchSizeFlag,
  dataFlag,
  defaultSeed,
  epochsFlag,
  imageFlagsHelp,
  learningRateFlag,
  recipeSeedFlag,
  recipeThreadsFlag,
  setFlag,
} from '../vocabulary.ts'

interface Options extends FineTuneFields, BudgetFields, ScoringFields, Omit<RecoveryFields, keyof FineTuneFields> {
  readonly output?: string
  readonly ratio?: number
  readonly ratios?: NonNullable<Scope['perLayer']>
  readonly global?: boolean
  readonly maxRatio?: number
  readonly roundTo?: number
  readonly method: readonly PruneMethod[]
  readonly nm?: NmPattern
  readonly keep?: readonly NamePattern[]
  readonly allowOutputs?: boolean
  readonly inexact?: boolean
  readonly input?: InputShapes
  readonly explain?: boolean
  readonly fullNames?: boolean
  readonly check: boolean
  readonly externalData: 'auto' | 'always' | 'never'
  readonly json?: boolean
  readonly force?: boolean
}

/** Criteria by what they look at. */
const criteriaHelp = (['weights', 'images', 'labels', 'loss'] as const)
  .map((needs) => {
    const names = criteria
      .filter((c) => c.needs === needs)
      .map((c) => (c.ranking === 'global' ? `${c.name} (with --global)` : c.name))
    return `  ${needs.padEnd(9)}${names.join(', ')}`
  })
  .join('\n')

const examples = `
Examples:
  kerf prune model.onnx -o smaller.onnx --ratio 0.5
  kerf prune model.onnx -o smaller.onnx --target-macs 0.5 --global --round-to 8
  kerf prune model.onnx -o smaller.onnx --faster 2 --runtime ort-node
  kerf prune model.onnx -o smaller.onnx --target-bytes 5MB --allocate cost
  kerf prune model.onnx -o smaller.onnx --ratio 0.5 --keep '*layer4*' --ratios '*layer1*=0.2'
  kerf prune model.onnx --ratio 0.5 --method filter,neuron --explain --dry-run
  kerf prune model.onnx -o smaller.onnx --ratio 0.5 --recover --data photos/
  kerf prune model.onnx -o smaller.onnx --target-macs 0.5 --criterion obs --allocate outputs --recover --data photos/
  kerf prune model.onnx -o smaller.onnx --ratio 0.5 --criterion taylor --data images:train,val --images 128
  kerf prune model.onnx -o sparse.onnx --ratio 0.9 --method weight
  kerf prune model.onnx -o smaller.onnx --target-macs 0.5 --finetune recipes/mnist-lenet5.json --epochs 3 --lr 0.02
  kerf prune model.onnx -o smaller.onnx --ratio 0.7 --finetune --data mnist:data/mnist --epochs 2 --iterations 3

What is removed (--method):
  filter   output channels of convolutions and everything that hangs on them (default)
  neuron   outputs of linear layers, likewise; filter,neuron takes both
  weight   single weights are set to zero: nothing is removed; what that is worth in time is measured
  nm       likewise, of each M consecutive inputs N stay (--nm 2:4)
  input    linear layers stop looking at some of their inputs

A target takes one ratio for all layers (--allocate uniform), ranks the channels of all together (global), or chooses the width of every
layer so that the most of the scores is kept within the target (cost), or so that the outputs err least (outputs: by --data, without labels; each
group is cut alone to several widths and the layers that read it are solved anew). Times are measured, once for each machine, runtime
and number of threads, and kept in a table: every layer at several widths, then the cut network as a whole.

With --recover the weights that are left are solved for, layer by layer, so that the network gives again what it gave before the cut: in minutes, by
some hundreds of images without labels (--images), every fourth of which only judges. Nothing is kept that is worse on these. Without --data only means are
replaced, by what BatchNormalization keeps.

What channels are ranked by (--criterion), and what that looks at; kerf criteria has the sources:
${criteriaHelp}
Images and labels come from --data. Criteria of a loss do without labels: --loss outputs asks how much the network's own outputs change.

With --finetune the model is trained after the cut; with --iterations it is cut and trained several times, each time by less, so that all
together remove what was asked for. A recipe gives data, transforms and settings; flags change them. Without a recipe: 3 epochs, learning rate
0.01. The runs lie in a folder beside the output (smaller-finetune). Ctrl-C saves and stops; the same command with
--resume goes on, to the same bits.
${imageFlagsHelp}`

export function define(command: Command, io: Io): void {
  command
    .argument('<model>', modelArgument, modelFile)
    .option('-o, --output <file>', 'the smaller model')
    .option('-r, --ratio <part>', 'part of the channels (weights, inputs) to remove, between 0 and 1', part)
    .option('--ratios <glob=part>', 'a ratio of their own for some layers; 0 keeps them whole (repeatable)', perLayer)
  addBudgetFlags(command)
  command
    .option('--global', 'rank the channels of all layers together')
    .option(
      '--max-ratio <part>',
      'with --global, --allocate cost or outputs: the most that one layer may lose (default: 0.9)',
      part,
    )
    .option('--round-to <n>', 'widths that remain are multiples of n', positiveInteger)
    .addOption(
      new Option('-m, --method <list>', 'filter, neuron, weight, nm or input')
        .argParser(methodList)
        .default(['filter'], 'filter'),
    )
    .addOption(
      new Option(
        '--nm <n:m>',
        'with --method nm: of each m consecutive inputs n weights stay (default: 2:4)',
      ).argParser(nmPattern),
    )
    .addOption(
      new Option('-c, --criterion <name>', 'what matters least').choices(criteria.map((c) => c.name)).default('l2'),
    )
    .option(
      '--images <n>',
      `how many training images of --data a criterion looks at (default: ${scoringImages}), or --recover does (${recoveryImages})`,
      positiveInteger,
    )
    .addOption(
      new Option(
        '--loss <of>',
        "of a criterion that asks one: of the data's labels, or of the network's own outputs (default: labels)",
      ).choices(losses),
    )
    .addOption(recipeSeedFlag('of --criterion random, and of fine-tuning'))
    .option('--keep <glob>', 'layers to leave alone, by name of node or weight (repeatable)', keep)
    .option('--allow-outputs', 'let the outputs of the model shrink too')
    .option(
      '--inexact',
      'let channels go that a mean or maximum is taken over: GroupNorm, LayerNorm, CBAM, ECA; --data measures what that changes',
    )
    .option('-i, --input <shape>', 'shape of an input: N,C,H,W, or name:N,C,H,W (repeatable)', inputShape)
    .option('--full-names', 'names of layers as the file has them')
    .option('--explain', 'show every group: what goes together, through which nodes')
    .option('--dry-run', 'show what would be done, write and run nothing')
    .option('--no-check', 'do not run the masked and the cut network against each other')
    .addOption(
      new Option('--external-data <when>', 'weights in a file of their own')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option(
      '--recover',
      'get back without labels what the cut took, by the images of --data; without any, what normalisations tell',
    )
    .addOption(
      new Option(
        '--recover-steps <list>',
        'mean-replacement, merging, least-squares, pairs, statistics, distillation (default: what is of use and takes minutes)',
      ).argParser(stepList),
    )
    .addOption(
      new Option(
        '--distil-loss <name>',
        'of the step distillation: squared error in parts of the variance, or divergence of scores of classes (default: divergence behind a Softmax)',
      ).choices(distilLosses),
    )
    .option('--finetune [recipe]', 'train after the cut, as a recipe or the options below say')
    .addOption(new Option('--iterations <n>', 'cut and train so many times').argParser(positiveInteger).default(1))
    .option('--resume', 'go on with a fine-tuning that was stopped, given the same options')
    .addOption(
      dataFlag('to fine-tune on, to recover by, for criteria that look at images, and to measure --inexact on'),
    )
    .addOption(
      epochsFlag(`of each fine-tuning (default: those of the recipe, or ${fineTuneEpochs}), or of distillation (10)`),
    )
    .addOption(batchSizeFlag('images per step of fine-tuning (default: 64)'))
    .addOption(
      learningRateFlag(
        'highest learning rate of fine-tuning (default: that of the recipe, or 0.01), or of distillation',
      ),
    )
    .addOption(recipeThreadsFlag())
    .addOption(setFlag("a field of fine-tuning's recipe that has no flag"))
  addAugmentationFlags(addImageFlags(addTrainingFlags(command)))
    .option('--json', 'print JSON')
    .option('--force', 'replace the output if it exists')
    .addHelpText('after', examples)
    .action((path: string, options: Options) => withTask(io, (task, io) => prune(path, options, task, io)))
}

async function prune(path: string, options: Options, task: CommandTask, io: Io): Promise<void> {
  if (options.output === undefined && !options.dryRun)
    throw new UsageError('Say where the smaller model goes: -o smaller.onnx (or --dry-run to write nothing).')
  if (options.output !== undefined && !options.dryRun)
    checkOutput(options.output, { force: options.force, inputs: [path], endings: modelEndings })
  const file = givenModel(path)
  const model = options.data || options.finetune ? learning(file, io) : file
  const tuning = fineTuneRecipe(path, model, options)
  const recipe = tuning?.recipe
  const { signal, progress } = task
  const common = pruneOptions(options)
  const sized = withGivenShape(model, options)
  const given = tuning ?? dataRecipe(sized, options)
  const source = sourceOf(given, recipe !== undefined, options, task, io)
  const scoring = await scoringOptions(sized, options, source, (text) => io.err(`kerf: ${text}\n`))
  const recover = await recoveryOptions(options, source)
  const timed = await timedTarget(model, common, recipe !== undefined, options, task)
  const asked: PruneAndProveOptions = { ...timed, prune: { ...timed.prune, ...scoring }, recover, signal, progress }
  const images =
    isShown(options) && options.inexact && source
      ? await imageFeeds(sized, await source.open(), source.transforms)
      : undefined
  const proof = isShown(options) && { inputs: options.input, images, ...(recipe ? {} : { given: model }) }
  const tuned = recipe && (await fineTune(model, { ...asked, proof, recipe }, options, task, io))
  const pruned = tuned ?? (await pruneAndProve(model, { ...asked, proof }))
  const { result } = pruned
  const { recovery, meansReplaced } = pruned
  const { check, allowed, change, why } = { ...pruned.proof, ...notShown(options) }
  const written = options.dryRun
    ? undefined
    : writeModelFile(result.model, options.output!, {
        force: options.force,
        externalData: options.externalData,
        protect: [path],
      })
  const zeroes = options.method.some((m) => m === 'weight' || m === 'nm')
  const worth =
    zeroes && isShown(options)
      ? await zeroWorth(model, result.model, options.input, { signal, progress }, io)
      : undefined
  const report = pruneReport(path, result, {
    check,
    why,
    allowed,
    change,
    recovery,
    meansReplaced,
    measured: pruned.measured,
    written,
    explain: options.explain,
    zeroes,
    worth,
    fullNames: options.fullNames,
  })
  const tables = tuned ? [accuracyTable(tuned, result.before), ...report.tables] : report.tables
  const assumed = given?.image && assumptionText(given.image)
  const notes = [...(assumed ? [assumed] : []), ...(report.notes ?? [])]
  io.out(
    options.json
      ? json(result, { check, change }, written, { tuned, worth, ...pruned, assumed: given?.image?.assumed ?? [] })
      : terminalText({ ...report, tables, notes }, io),
  )
}

const trainedBy = 'Fine-tuning learns from labels; --recover needs none.'

/** The images that the cut network is looked at with; undefined where none are given. */
function sourceOf(
  given: GivenRecipe | undefined,
  isTuned: boolean,
  options: Options,
  task: Task,
  io: Io,
): ImageSource | undefined {
  const use = isTuned ? { trained: true, labels: trainedBy } : { labels: whyLabels(options) }
  return given && imageSource(given.recipe, use, task, io)
}

/** A target in milliseconds with the times that are known, and where more are measured. Before a fine-tuning all are measured at once. */
async function timedTarget(
  model: Model,
  prune: PruneAndProveOptions['prune'],
  isTuned: boolean,
  options: Options,
  task: Task,
): Promise<Pick<PruneAndProveOptions, 'prune' | 'inTime'>> {
  const { target, inputs } = prune
  if (target?.of !== 'milliseconds') return { prune }
  const { times: known, ...inTime } = await timingOf(options)
  const withTimes = (times: TimeTable | undefined) => ({ ...prune, target: { ...target, times } })
  if (options.dryRun) return { prune: withTimes(known) }
  if (!isTuned) return { prune: withTimes(known), inTime }
  const times = await measureTimes(model, { timing: inTime.timing, table: known, inputs, ...task })
  inTime.onTimes?.(times)
  return { prune: withTimes(times) }
}

const isShown = ({ check, dryRun }: Options): boolean => check && !dryRun

/** Why masked and cut network were not run against each other. */
const notShown = ({ check, dryRun }: Options): Pick<Proof, 'why'> =>
  dryRun ? { why: 'Nothing was run (--dry-run).' } : check ? {} : { why: 'The result was not checked (--no-check).' }

/** The model for the shape that its input is given. */
function withGivenShape(model: Model, { input }: Options): Model {
  const { inputShapes } = input ? bindInputs(model.graph, input) : {}
  return inputShapes ? withInputShapes(model, inputShapes) : model
}

/** `smaller.onnx` → `smaller-finetune`, beside it. */
const fineTuneFolder = (output: string): string =>
  join(dirname(output), `${basename(output).replace(/\.onnx$/i, '')}-finetune`)

async function fineTune(
  model: Model,
  asked: Pick<FineTuneOptions, 'prune' | 'proof' | 'recipe' | 'signal' | 'progress'>,
  { iterations, force, resume, output, json }: Options,
  task: CommandTask,
  io: Io,
): Promise<FineTuned> {
  const display = trainingDisplay(io, task)
  try {
    return await withReason(trainedBy, () =>
      pruneAndFineTune(model, {
        ...asked,
        ...{ iterations, force, resume, folder: fineTuneFolder(output!) },
        onStage: json ? undefined : (stage) => io.err(`${stageText(stage)}\n`),
        onStart: display.start,
        onEvent: json ? undefined : display.event,
        onNotice: (text) => io.err(`kerf: ${text}\n`),
      }),
    )
  } catch (error) {
    throw isAborted(error) ? stopped(error) : error
  }
}

function stopped({ details: { step, run } }: KerfError): KerfError {
  const where = step === undefined ? '' : ` after step ${step} of fine-tuning, saved in ${run}`
  return new KerfError(
    'stopped',
    `Stopped${where}; the pruned model was not written. The same command with --resume goes on.`,
    step === undefined ? {} : { step },
  )
}

function pruneOptions(o: Options): PruneAndProveOptions['prune'] {
  if (
    o.maxRatio !== undefined &&
    !o.global &&
    o.allocate !== 'cost' &&
    o.allocate !== 'outputs' &&
    targetOf(o, {})?.of !== 'milliseconds'
  )
    throw new UsageError(
      '--max-ratio limits what --global, --allocate cost or --allocate outputs takes from one layer: give one of them, too.',
    )
  const scope = { global: o.global, maxRatio: o.maxRatio, roundTo: o.roundTo, perLayer: o.ratios }
  const common = {
    methods: o.method,
    criterion: o.criterion,
    seed: o.seed ?? defaultSeed,
    threads: o.threads,
    keep: o.keep,
    inputs: o.input,
    outputsMayShrink: o.allowOutputs,
    inexact: o.inexact,
  }
  const target = targetOf(o, scope)
  if (target) return { ...common, target }
  if (o.method.includes('nm')) {
    if (o.ratio !== undefined || o.ratios)
      throw new UsageError('--nm says how many weights stay: leave --ratio and --ratios out.')
    return { ...common, pattern: o.nm }
  }
  if (o.nm) throw new UsageError('--nm is for --method nm: give that too, or leave it out.')
  if (o.ratio === undefined && !o.ratios)
    throw new UsageError('Say how much to remove: --ratio 0.5, --target-macs 0.5, --target-bytes 0.5 or --faster 2.')
  return { ...common, scope: { ...scope, ratio: o.ratio ?? 0 } }
}

function json(
  result: PruneResult,
  { check, change }: Pick<Proof, 'check' | 'change'>,
  written: WrittenModel | undefined,
  {
    tuned,
    worth,
    recovery,
    meansReplaced,
    measured,
    assumed,
  }: Pick<Pruned, 'recovery' | 'meansReplaced' | 'measured'> & {
    readonly tuned?: FineTuned
    readonly worth?: Awaited<ReturnType<typeof zeroWorth>>
    readonly assumed: ResolvedPreprocessing['assumed']
  },
): string {
  const { before, after, unsupported, groups, refused, inexact, warnings, ratio, budget } = result
  return toJson({
    before,
    after,
    unsupported,
    groups,
    refused,
    ...(warnings.length > 0 ? { warnings } : {}),
    check,
    ...(inexact.length > 0 ? { inexact: { nodes: inexact, ...change } } : {}),
    ...(ratio === undefined ? {} : { ratio }),
    ...(recovery ? { recovery } : {}),
    ...(meansReplaced ? { meansReplaced } : {}),
    ...(budget ? { budget } : {}),
    ...(measured ? { measured } : {}),
    assumed,
    ...(written ? { written } : {}),
    ...(tuned ? { finetune: fineTuneJson(tuned) } : {}),
    ...(typeof worth === 'object' ? { worth } : {}),
  })
}
