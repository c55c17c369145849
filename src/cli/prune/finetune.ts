import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { checkFolder, isAborted, KerfError, makeFolder, type Task } from '../../base/index.node.ts'
import { openData } from '../../data/index.node.ts'
import { createLoader, type DataSets } from '../../data/index.ts'
import type { Model } from '../../graph/index.ts'
import { readModelFile, writeModelFile } from '../../onnx/index.node.ts'
import { type PruneOptions, type PruneResult, pruneModel } from '../../prune/index.ts'
import {
  batchSizeFor,
  type Evaluation,
  evaluate,
  inClassesOf,
  type Recipe,
  type RunStart,
  readingOf,
  runRecipe,
  type TestedNetwork,
} from '../../train/index.node.ts'
import type { Io } from '../io.ts'
import type { CommandTask } from '../task.ts'
import { type TrainingDisplay, trainingDisplay } from '../train/progress.ts'
import { defaultThreads } from '../vocabulary.ts'

/** How well a network does, and what it was after which step of cutting and training. */
export type Accuracy = Pick<Evaluation, 'accuracy' | 'loss'>

export interface FineTuned {
  /** The last cut; `model` is not trained. */
  readonly result: PruneResult
  readonly model: Model
  readonly before: Accuracy
  readonly iterations: readonly {
    readonly macs: number
    readonly params: number
    readonly nonZeroParams: number | null
    readonly cut: Accuracy
    readonly trained: Accuracy
    /** The folder of the training run. */
    readonly run: string
  }[]
}

export interface FineTuneOptions {
  /** Data, transforms and how to train; model and output are set for each run. */
  readonly recipe: Recipe
  readonly iterations: number
  readonly prune: PruneOptions
  /** Holds the cut models and their runs. */
  readonly folder: string
  readonly force: boolean
  /** Goes on with the runs in the folder, to the same result as without the stop. */
  readonly resume: boolean
  readonly quiet: boolean
  /** Called on every cut before it is trained; throws where it is not faithful. */
  readonly check: (result: PruneResult) => Promise<void>
}

/** `smaller.onnx` → `smaller-finetune`, beside it. */
export const fineTuneFolder = (output: string): string =>
  join(dirname(output), `${basename(output).replace(/\.onnx$/i, '')}-finetune`)

/**
 * The part that one of n equal cuts takes of what is left, so that all together take `part` of the whole: 1 − (1 − part)^(1/n).
 * Weights that are set to zero stay and are counted again by the next cut: there `part` grows from cut to cut instead.
 */
export function partOf(options: PruneOptions, iteration: number, iterations: number): PruneOptions {
  const stays = options.methods?.includes('weight') ?? false
  const share = (part: number) => 1 - (1 - part) ** (stays ? iteration / iterations : 1 / iterations)
  const scope = options.scope && {
    ...options.scope,
    ratio: share(options.scope.ratio),
    perLayer: options.scope.perLayer?.map((p) => ({ ...p, ratio: share(p.ratio) })),
  }
  const target = options.target && { ...options.target, part: options.target.part ** (1 / iterations) }
  return { ...options, scope, target }
}

/**
 * Cuts and trains, `iterations` times. What the folder holds after a stop is enough to go on: cuts are made anew, which gives the same ones, runs that
 * are complete are read, the one that was stopped goes on from its checkpoint.
 * @throws KerfError `exists` for the folder, `not-found` where there is nothing to resume, `other-recipe` and `other-cut` where what was stopped was
 *   something else, `stopped` on Ctrl-C, and what cutting and training throw
 */
export async function cutAndTrain(
  model: Model,
  options: FineTuneOptions,
  task: CommandTask,
  io: Io,
): Promise<FineTuned> {
  const { recipe, iterations, folder } = options
  checkRuns(options)
  const sets = inClassesOf(model, await openData(recipe.data, { ...readingOf(recipe), ...task }))
  const display = trainingDisplay(io, task)
  const say = (text: string) => (options.quiet ? undefined : io.err(`${text}\n`))
  const measure = async (what: string, of: Model) => {
    const { accuracy, loss } = await accuracyOf(of, recipe, sets, task)
    say(`${what}: ${(100 * accuracy).toFixed(2)} %`)
    return { accuracy, loss }
  }
  try {
    const before = await measure('before', model)
    const done: FineTuned['iterations'][number][] = []
    let current = model
    let result: PruneResult | undefined
    for (let i = 1; i <= iterations; i++) {
      const next = await nextCut(current, options, i, result)
      if (next.ended !== undefined) {
        say(next.ended)
        result = { ...next.result, warnings: [...next.result.warnings, next.ended] }
        break
      }
      result = next.result
      await options.check(result)
      const name = iterations === 1 ? 'after the cut' : `after cut ${i} of ${iterations}`
      const cut = await measure(name, result.model)
      makeFolder(folder)
      const file = join(folder, `cut-${i}.onnx`)
      if (options.resume && existsSync(file)) checkCut(result.model, file)
      else writeModelFile(result.model, file)
      const run = join(folder, `run-${i}`)
      const tuned = await trained(
        { ...runOf(recipe, options.prune, file), output: run },
        sets,
        task,
        options,
        display,
        io,
      )
      current = tuned.model
      const { accuracy, loss } = tuned.tested
      say(`after fine-tuning: ${(100 * accuracy).toFixed(2)} %`)
      const { macs, params, nonZeroParams } = result.after
      done.push({ macs, params, nonZeroParams, cut, trained: { accuracy, loss }, run })
    }
    return { result: result!, model: current, before, iterations: done }
  } catch (error) {
    throw isAborted(error) ? stopped('') : error
  }
}

/**
 * One of several cuts; where nothing more can be removed, or not as much as it takes, what was reached before stands.
 * @throws KerfError of the first cut: with it nothing at all was removed
 */
async function nextCut(
  model: Model,
  { prune, iterations }: FineTuneOptions,
  i: number,
  before: PruneResult | undefined,
): Promise<{ readonly result: PruneResult; readonly ended?: string }> {
  try {
    return { result: await pruneModel(model, partOf(prune, i, iterations)) }
  } catch (error) {
    if (!(error instanceof KerfError && ['nothing-to-prune', 'unreachable-target'].includes(error.code))) throw error
    if (before) return { result: before, ended: `Cutting ended after ${i - 1} of ${iterations} cuts. ${error.message}` }
    const fewer =
      iterations === 1 ? '' : ` Each of ${iterations} cuts takes little: fewer --iterations take more at a time.`
    throw new KerfError(error.code, `${error.message}${fewer}`, error.details)
  }
}

function checkRuns({ folder, force, resume }: FineTuneOptions): void {
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

const stopped = (where: string, step?: number): KerfError =>
  new KerfError(
    'stopped',
    `Stopped${where}; the pruned model was not written. The same command with --resume goes on.`,
    step === undefined ? {} : { step },
  )

/** What was set to zero stays zero. */
const runOf = (recipe: Recipe, { methods }: PruneOptions, file: string): Recipe => ({
  ...recipe,
  model: { onnx: file },
  masks: methods?.includes('weight') ? 'zeros' : recipe.masks,
})

async function accuracyOf(model: Model, recipe: Recipe, { test }: DataSets, task: Task): Promise<Accuracy> {
  const { transforms, loss, threads = defaultThreads } = recipe
  const batchSize = Math.min(batchSizeFor(recipe, test.count), test.count)
  const loader = createLoader(test, { batchSize, transforms, training: false })
  return evaluate(model, loader, { threads, loss, onNotice: () => {}, ...task })
}

async function trained(
  recipe: Recipe,
  sets: DataSets,
  { signal, progress }: Task,
  { quiet, resume: resumes }: FineTuneOptions,
  display: TrainingDisplay,
  io: Io,
): Promise<{ readonly model: Model; readonly tested: TestedNetwork }> {
  const resume = resumes && existsSync(join(recipe.output, 'recipe.json'))
  const outcome = await runRecipe(recipe, {
    sets,
    resume,
    // What a killed process has left of a folder before it was one.
    force: resumes && !resume,
    signal,
    progress,
    onStart: (start: RunStart) => display.start(start),
    onEvent: quiet ? undefined : display.event,
    onNotice: (text) => io.err(`kerf: ${text}\n`),
  })
  const { tested, stoppedEarly, bestModel, lastModel } = outcome
  if (!tested)
    throw stopped(
      ` after step ${outcome.position.step} of fine-tuning, saved in ${recipe.output}`,
      outcome.position.step,
    )
  // The last network needs no choice; where patience ended the run, it is some epochs behind the best one.
  return stoppedEarly && bestModel && tested.best
    ? { model: readModelFile(bestModel), tested: tested.best }
    : { model: readModelFile(lastModel), tested: tested.last }
}
