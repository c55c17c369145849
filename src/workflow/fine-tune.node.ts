import { existsSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { checkFolder, KerfError, makeFolder, type Task } from '../base/index.node.ts'
import { profileModel, type Totals } from '../cost/index.ts'
import { openData } from '../data/index.node.ts'
import { createLoader, type DataSets } from '../data/index.ts'
import { inFloat32, type Model } from '../graph/index.ts'
import { type ModelSource, modelOf, readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { type PruneResult, pruneModel } from '../prune/index.ts'
import {
  batchSizeFor,
  type Evaluation,
  evaluate,
  inClassesOf,
  type Recipe,
  type RunRecipeOptions,
  readingOf,
  type TestedNetwork,
} from '../train/index.node.ts'
import { type PruneAndProveOptions, type Pruned, partOf, zeroesWeights } from './prune.ts'
import { runRecipe } from './run-recipe.node.ts'
import { pruneAndProve } from './threads.node.ts'

/** How well a network does, and what it was after which step of cutting and training. */
export type Accuracy = Pick<Evaluation, 'accuracy' | 'loss'>

/** One cut of several, and the training behind it. */
export interface FineTunedCut extends Pick<Totals, 'macs' | 'params' | 'nonZeroParams'> {
  /** Behind the cut. */
  readonly cut: Accuracy
  /** Behind the training. */
  readonly trained: Accuracy
  /** The folder of the training run. */
  readonly run: string
}

/** A network that was cut and trained. */
export interface FineTuned extends Pruned {
  /** The last cut, trained, against the model as it was given; of every group, how many channels it had and has. */
  readonly result: PruneResult
  /** Of the model as it was given. */
  readonly before: Accuracy
  /** Of each cut, in order. */
  readonly iterations: readonly FineTunedCut[]
}

/** What was done, while it goes on. */
export type FineTuneStage =
  | (Accuracy & { readonly kind: 'before' })
  | (Accuracy & {
      /** What comes behind it is the accuracy then. */
      readonly kind: 'cut' | 'trained'
      /** From 1. */
      readonly iteration: number
      /** How many there are. */
      readonly iterations: number
    })
  /** Nothing more could be removed. */
  | {
      readonly kind: 'ended'
      /** In a sentence. */
      readonly why: string
    }

/** How a network is cut and trained. */
export interface FineTuneOptions
  extends PruneAndProveOptions,
    Pick<RunRecipeOptions, 'onStart' | 'onEvent' | 'onNotice'> {
  /** Data, transforms and how to train; model and output are set for each run. */
  readonly recipe: Recipe
  /** Cuts, each by less, so that all together remove what was asked for. Default 1. */
  readonly iterations?: number
  /** Holds the cut models and their runs. */
  readonly folder: string
  /** Replaces a folder that is there. */
  readonly force?: boolean
  /** Goes on with the runs in the folder, to the same result as without the stop. */
  readonly resume?: boolean
  /** Told of everything that is done. */
  readonly onStage?: (stage: FineTuneStage) => void
}

/**
 * Cuts, proves and trains, `iterations` times: every cut before it is trained. What the folder holds after a stop is enough to go on: cuts are made anew,
 * which gives the same ones, runs that are complete are read, the one that was stopped goes on from its checkpoint.
 * @throws KerfError `exists` for the folder, `not-found` where there is nothing to resume, `other-recipe` and `other-cut` where what was stopped was
 *   something else, `aborted` (`details.step` and `details.run`: the step of training behind which it stopped, saved there), and what cutting, proving and
 *   training throw
 */
export async function pruneAndFineTune(source: ModelSource, options: FineTuneOptions): Promise<FineTuned> {
  const model = inFloat32(await modelOf(source, options))
  const { recipe, iterations = 1, folder, signal, progress, onStage } = options
  const task: Task = { signal, progress }
  checkRuns(options)
  const sets = inClassesOf(model, await openData(recipe.data, { ...readingOf(recipe), ...task }))
  const before = await accuracyOf(model, recipe, sets, task)
  onStage?.({ kind: 'before', ...before })
  const done: FineTunedCut[] = []
  let [current, last]: [Model, Pruned | undefined] = [model, undefined]
  for (let i = 1; i <= iterations; i++) {
    const next = await nextCut(current, options, i, last)
    if (next.ended !== undefined) {
      onStage?.({ kind: 'ended', why: next.ended })
      last = { ...next, result: { ...next.result, warnings: [...next.result.warnings, next.ended] } }
      break
    }
    last = next
    const cut = await accuracyOf(last.result.model, recipe, sets, task)
    onStage?.({ kind: 'cut', ...cut, iteration: i, iterations })
    makeFolder(folder)
    const file = join(folder, `cut-${i}.onnx`)
    if (options.resume && existsSync(file)) checkCut(last.result.model, file)
    else writeModelFile(last.result.model, file)
    const run = join(folder, `run-${i}`)
    const tuned = await trained({ ...runOf(options, file), output: run }, sets, options)
    current = tuned.model
    const { accuracy, loss } = tuned.tested
    onStage?.({ kind: 'trained', accuracy, loss, iteration: i, iterations })
    const { macs, params, nonZeroParams } = last.result.after
    done.push({ macs, params, nonZeroParams, cut, trained: { accuracy, loss }, run })
  }
  const { result, proof } = last!
  return { result: await against(model, { ...result, model: current }, options), proof, before, iterations: done }
}

/** The last cut's result against the model as it was given. */
async function against(
  given: Model,
  result: PruneResult,
  { prune, iterations = 1, signal }: FineTuneOptions,
): Promise<PruneResult> {
  const countNonZero = zeroesWeights(prune)
  const before = profileModel(given, { inputs: prune.inputs, countNonZero }).totals
  if (iterations === 1) return { ...result, before }
  // Channels of every group before anything was cut.
  const first = countNonZero ? [] : (await pruneModel(given, { ...partOf(prune, 1, iterations), signal })).groups
  const widths = new Map(first.map((g) => [g.name, g.channels]))
  const groups = result.groups.map((g) => ({ ...g, channels: widths.get(g.name) ?? g.channels }))
  return { ...result, before, groups, ratio: undefined }
}

/**
 * One of several cuts; where nothing more can be removed, or not as much as it takes, what was reached before stands.
 * @throws KerfError of the first cut: with it nothing at all was removed
 */
async function nextCut(
  model: Model,
  { prune, proof, iterations = 1, signal, progress }: FineTuneOptions,
  i: number,
  before: Pruned | undefined,
): Promise<Pruned & { readonly ended?: string }> {
  try {
    return await pruneAndProve(model, { prune: partOf(prune, i, iterations), proof, signal, progress })
  } catch (error) {
    if (!(error instanceof KerfError && ['nothing-to-prune', 'unreachable-target'].includes(error.code))) throw error
    if (before) return { ...before, ended: `Cutting ended after ${i - 1} of ${iterations} cuts. ${error.message}` }
    const fewer =
      iterations === 1 ? '' : ` Each of ${iterations} cuts takes little: fewer --iterations take more at a time.`
    throw new KerfError(error.code, `${error.message}${fewer}`, error.details)
  }
}

function checkRuns({ folder, force, resume, prune, iterations = 1 }: FineTuneOptions): void {
  if ((prune.widths || prune.target?.value !== undefined) && iterations > 1)
    throw new KerfError(
      'bad-options',
      'Widths and values say what one cut leaves: give a ratio, or a target as a part, where several iterations cut by less each.',
    )
  checkFolder(folder)
  const isThere = existsSync(folder) && readdirSync(folder).length > 0
  if (resume && !isThere)
    throw new KerfError('not-found', `${folder} has no training runs to go on with. Leave out --resume to start.`, {
      path: folder,
    })
  if (!isThere || resume) return
  if (!force)
    throw new KerfError(
      'exists',
      `${folder}, where the training runs go, exists. Go on with it by --resume, remove it, or replace it with --force.`,
      { path: folder },
    )
  rmSync(folder, { recursive: true })
}

/** @throws KerfError `other-cut` where the file holds another network than the cut that was made again */
function checkCut(made: Model, file: string): void {
  const there = readModelFile(file)
  const nodes = ({ graph }: Model) => JSON.stringify(graph.nodes.map((n) => [n.opType, n.inputs, n.outputs]))
  const [tensors, others] = [made.graph.initializers, there.graph.initializers]
  const isSame =
    nodes(made) === nodes(there) &&
    tensors.size === others.size &&
    [...tensors].every(([name, { data }]) => {
      const other = others.get(name)?.data
      return other?.byteLength === data.byteLength && Buffer.compare(data.bytes(), other.bytes()) === 0
    })
  if (!isSame)
    throw new KerfError(
      'other-cut',
      `${file} is another cut than this command makes: the model or the options are not those of the run that was stopped. Give the same ones, or start anew with --force.`,
      { path: file },
    )
}

/** What was set to zero stays zero. */
const runOf = ({ recipe, prune }: FineTuneOptions, file: string): Recipe => ({
  ...recipe,
  model: { onnx: file },
  masks: zeroesWeights(prune) ? 'zeros' : recipe.masks,
})

async function accuracyOf(model: Model, recipe: Recipe, { test }: DataSets, task: Task): Promise<Accuracy> {
  const { transforms, loss, threads = availableParallelism() } = recipe
  const batchSize = Math.min(batchSizeFor(recipe, test.count), test.count)
  const loader = createLoader(test, { batchSize, transforms, training: false })
  const { accuracy, loss: value } = await evaluate(model, loader, { threads, loss, onNotice: () => {}, ...task })
  return { accuracy, loss: value }
}

async function trained(
  recipe: Recipe,
  sets: DataSets,
  { resume: resumes = false, signal, progress, onStart, onEvent, onNotice }: FineTuneOptions,
): Promise<{ readonly model: Model; readonly tested: TestedNetwork }> {
  const resume = resumes && existsSync(join(recipe.output, 'recipe.json'))
  const { tested, stoppedEarly, bestModel, lastModel, position } = await runRecipe(recipe, {
    sets,
    resume,
    // What a killed process has left of a folder before it was one.
    force: resumes && !resume,
    ...{ signal, progress, onStart, onEvent, onNotice },
  })
  if (!tested)
    throw new KerfError('aborted', `Fine-tuning was stopped after step ${position.step}, saved in ${recipe.output}.`, {
      reason: signal?.reason,
      step: position.step,
      run: recipe.output,
    })
  // The last network needs no choice; where patience ended the run, it is some epochs behind the best one.
  return stoppedEarly && bestModel && tested.best
    ? { model: readModelFile(bestModel), tested: tested.best }
    : { model: readModelFile(lastModel), tested: tested.last }
}
