import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isAborted, KerfError, type Task } from '../base/index.ts'
import { createWorkerLoader, openData, type WorkerLoader } from '../data/index.node.ts'
import { createLoader, type DataSets, type Loader, type SkippedImage } from '../data/index.ts'
import type { Model } from '../graph/index.ts'
import { withImageMetadata } from '../image/index.ts'
import { buildNet, netNameOf } from '../nets/index.ts'
import { filesOf, readModelFile, writeModelFile } from '../onnx/index.node.ts'
import { fewImagesNotice, lineChartsSvg } from '../report/index.ts'
import { nodeRuntime, warn } from '../runtime/index.node.ts'
import { trainingCurves } from './curves.ts'
import type { EvaluateOptions } from './evaluate.ts'
import { trainedOn } from './image-metadata.ts'
import { prepareTraining } from './prepare.ts'
import { recipeLines } from './recipe/describe.ts'
import { type FileRecipe, isFreshNetwork } from './recipe/network.ts'
import { parseRecipe } from './recipe/parse.ts'
import { mapPaths } from './recipe/paths.ts'
import { readingOf } from './recipe/reading.node.ts'
import { type Recipe, recipeSchema } from './recipe/schema.ts'
import { scheduleOf } from './recipe/settings.ts'
import type { FoundCheckpoint } from './run-folder/checkpoints.node.ts'
import type { FileOperations } from './run-folder/files.node.ts'
import type { Metrics } from './run-folder/metrics.ts'
import { checkFree, createRunFolder, openRunFolder, type RunFolder } from './run-folder/run-folder.node.ts'
import type { LayoutOf } from './sparsity/method.ts'
import { type TestResults, testNetworks } from './tested.ts'
import { createTrainer, train } from './threads.node.ts'
import { isOver, type TrainingEvent, type TrainingPosition } from './train.ts'
import type { Trainer } from './trainer.ts'

/** `signal` stops after the step under way, with a checkpoint. */
export interface RunRecipeOptions extends Task {
  /** Goes on with the run in the recipe's folder, from its last checkpoint, to the same bits as without a stop. */
  readonly resume?: boolean
  /** Starts over in a folder that holds a run. */
  readonly force?: boolean
  /** Told of every step and epoch. */
  readonly onEvent?: (event: TrainingEvent) => void
  /** When everything is ready and the first step comes. */
  readonly onStart?: (start: RunStart) => void
  /** What did not go as asked. Default: console.warn. */
  readonly onNotice?: (text: string) => void
  /**
   * What may fail when a disk is full.
   * @internal
   */
  readonly files?: FileOperations
  /** Where channels and inputs lie in weights, for methods of sparsity; `channelLayout` by default. */
  readonly layout?: LayoutOf
  /** The recipe's data, where they are open already. */
  readonly sets?: DataSets
}

/** What is about to run. */
export interface RunStart {
  /** With the number of threads that it runs on. */
  readonly recipe: Recipe
  /** Images that it learns from. */
  readonly trainImages: number
  /** 0: nothing chooses the best network. */
  readonly validationImages: number
  /** Images that the result is measured on, once. */
  readonly testImages: number
  /** Images that could not be decoded, of all parts. */
  readonly skipped: readonly SkippedImage[]
  /** Names of the classes, in the order of the network's outputs. */
  readonly classes: readonly string[]
  /** Of an image behind the transforms. */
  readonly shape: readonly [channels: number, height: number, width: number]
  /** Numbers that are learnt. */
  readonly parameters: number
  /** Updates that were done before, where it goes on. */
  readonly step: number
  /** What steps take, weights and activations; undefined where it is not counted. */
  readonly memoryBytes: number | undefined
}

/** What became of a run. */
export interface RunOutcome {
  /** Where everything lies. */
  readonly folder: string
  /** All epochs of the run. */
  readonly metrics: readonly Metrics[]
  /** Undefined where it was stopped. */
  readonly tested: TestResults | undefined
  /** Patience ended it before all epochs were done. */
  readonly stoppedEarly: boolean
  /** Where training stands. */
  readonly position: TrainingPosition
  /** The signal ended it. */
  readonly stopped: boolean
  /** All epochs had been done before, so that `resume` did nothing. */
  readonly wasComplete: boolean
  /** The last one that was saved. */
  readonly checkpoint: string | undefined
  /** Path of the network as it is at the end. */
  readonly lastModel: string
  /** Path of the one that the validation images chose; undefined where there are none. */
  readonly bestModel: string | undefined
}

/** `runRecipe` of workflow/, whose layout of channels it is given. */
export async function runRecipe(given: Recipe, options: RunRecipeOptions = {}): Promise<RunOutcome> {
  const { resume = false, force = false, files } = options
  const opened = resume ? openRunFolder(given.output, { files }) : undefined
  try {
    if (!resume) checkFree(given.output, force)
    const recipe = opened ? sameRecipe(opened, given) : { ...given, threads: given.threads ?? availableParallelism() }
    const done = opened && completeRun(opened, recipe)
    if (done) return done
    const ready = await prepare(recipe, options)
    try {
      const folder = opened ?? createRunFolder(recipe.output, ready.recipe, { files, force })
      try {
        keepSources(folder, ready.sources)
        return await new Run(ready.recipe, folder, ready, options).run()
      } finally {
        if (!opened) folder.close()
      }
    } finally {
      await ready.dispose()
    }
  } finally {
    opened?.close()
  }
}

/** The recipe that the run was started with, with paths as they are now. @throws KerfError `other-recipe` listing what differs */
function sameRecipe(folder: RunFolder, given: Recipe): Recipe {
  const recipe = parseRecipe(folder.recipe)
  // Where things lie may have changed since.
  const linesOf = (of: Recipe) =>
    new Map(recipeLines(mapPaths(recipeSchema, of, () => 'anywhere') as Recipe).map((l) => [l.path, l.value]))
  const [before, now] = [linesOf(recipe), linesOf(given)]
  const free = (['threads', 'batchSize'] as const).filter((field) => given[field] === undefined)
  const paths = [...new Set([...before.keys(), ...now.keys()])].filter(
    (path) => before.get(path) !== now.get(path) && !free.some((field) => field === path),
  )
  if (paths.length > 0)
    throw new KerfError(
      'other-recipe',
      `The run in ${folder.path} was started with another recipe:\n${paths.map((p) => `  ${p}: ${before.get(p) ?? 'none'}, now ${now.get(p) ?? 'none'}`).join('\n')}\nGo on with its own, ${folder.path}/recipe.json, or start a new run in another folder.`,
      { path: folder.path, differences: paths },
    )
  return { ...given, threads: given.threads ?? recipe.threads, batchSize: given.batchSize ?? recipe.batchSize }
}

/** What a run came to whose last checkpoint is that of its end, and whose networks have been tested. */
function completeRun(folder: RunFolder, recipe: Recipe): RunOutcome | undefined {
  const found = folder.latestCheckpoint()
  const position = found && positionOf(found)
  if (!position || !isOver(position, recipe)) return undefined
  const tested = folder.readTested() as TestResults | undefined
  return tested && { ...outcomeOf(folder, recipe, position, found.path), tested, stopped: false, wasComplete: true }
}

const positionOf = ({ state }: FoundCheckpoint): TrainingPosition => state.position as TrainingPosition

const outcomeOf = (
  { path, metrics }: RunFolder,
  recipe: Recipe,
  position: TrainingPosition,
  checkpoint: string | undefined,
) => ({
  ...{ folder: path, metrics, position, checkpoint },
  stoppedEarly: isOver(position, recipe) && position.epoch < recipe.epochs,
  lastModel: `${path}/last.onnx`,
  bestModel: position.best && `${path}/best.onnx`,
})

/** Networks from files that a run was made from. */
interface Sources {
  readonly start: Model | undefined
  readonly teacher: Model | undefined
}

interface Ready {
  /** With the batch size that the data have images for. */
  readonly recipe: Recipe
  readonly sets: DataSets
  readonly training: Loader
  readonly validation: Loader | undefined
  readonly test: Loader
  readonly trainer: Trainer
  readonly sources: Sources
  dispose(): Promise<void>
}

async function prepare(given: Recipe, options: RunRecipeOptions): Promise<Ready> {
  const { signal, progress, onNotice, layout } = options
  const notice = onNotice ?? warn
  const { seed, transforms } = given
  const start = isFreshNetwork(given)
    ? undefined
    : sourceModel(given.output, 'start', (given.model as FileRecipe['model']).onnx, options.resume)
  let teacher: Model | undefined
  const read = options.sets ?? (await openData(given.data, { ...readingOf(given), signal, progress }))
  const { recipe, sets, training, validation, trainer } = await prepareTraining(given, {
    ...{ sets: read, start, layout, signal, create: createTrainer, onNotice: notice },
    teacher(shape, classes) {
      teacher = teacherOf(given, shape, classes, options.resume, notice)
      return teacher
    },
  })
  const loading = { batchSize: recipe.batchSize!, transforms, seed }
  const test = createLoader(sets.test, { ...loading, training: false })
  const beside = createWorkerLoader(sets.train, { ...loading, training: true })
  const sources = { start, teacher }
  const dispose = () => release(trainer, beside)
  return { recipe, sets, training: beside ?? training, validation, test, trainer, sources, dispose }
}

async function release(trainer: Trainer, loader: WorkerLoader | undefined): Promise<void> {
  await trainer.dispose()
  await loader?.dispose()
}

/** Of a run that goes on its own copy, so that it needs nothing but its folder and the data. Runs of older versions have none. */
function sourceModel(folder: string, which: 'start' | 'teacher', path: string, resume = false): Model {
  const kept = join(folder, `${which}.onnx`)
  return resume && existsSync(kept) ? readModelFile(kept) : outside(path, folder)
}

/** A run that goes on may have been killed before it had them. */
function keepSources(folder: RunFolder, sources: Sources): void {
  for (const which of ['start', 'teacher'] as const) {
    const model = sources[which]
    if (model && !existsSync(join(folder.path, `${which}.onnx`)))
      folder.writeModel(which, (path) => void writeModelFile(model, path, { force: true }))
  }
}

/** A file, or a network by name for the images and classes of the data. @param say that a fresh one has nothing to teach */
function teacherOf(
  { distillation, output, seed }: Recipe,
  [inChannels, ...inputSize]: Loader['shape'],
  classes: number,
  resume: boolean | undefined,
  say: (text: string) => void,
): Model | undefined {
  if (!distillation) return undefined
  const { teacher } = distillation
  const net = netNameOf(teacher)
  if (net === undefined) return sourceModel(output, 'teacher', teacher, resume)
  say(`the teacher ${teacher} has fresh weights: it has learnt nothing that it could teach.`)
  return buildNet(net, { classes, inChannels, inputSize, seed })
}

/** A model that is not in the run's own folder, where it would be replaced while its weights are still read. */
function outside(path: string, folder: string): Model {
  const model = readModelFile(path)
  const inside = [path, ...filesOf(model)].find((file) => dirname(resolve(file)) === resolve(folder))
  if (inside === undefined) return model
  throw new KerfError(
    'same-file',
    `${inside} lies in ${folder}, the folder that the run is to write. Choose another output, or copy the model.`,
    { path: inside, folder },
  )
}

class Run {
  readonly #recipe: Recipe
  readonly #folder: RunFolder
  readonly #ready: Ready
  readonly #options: RunRecipeOptions
  #checkpoint: { readonly path: string; readonly step: number } | undefined

  constructor(recipe: Recipe, folder: RunFolder, ready: Ready, options: RunRecipeOptions) {
    this.#recipe = recipe
    this.#folder = folder
    this.#ready = ready
    this.#options = options
  }

  async run(): Promise<RunOutcome> {
    const from = this.#options.resume ? this.#restored() : undefined
    this.#options.onStart?.(this.#start(from?.step ?? 0))
    for (const part of ['validation', 'test'] as const) {
      const set = this.#ready.sets[part]
      const notice = set && fewImagesNotice(set.count, part)
      if (notice) this.#notice(notice)
    }
    const { training, validation, trainer } = this.#ready
    const { epochs, evaluateEveryEpochs, checkpointEveryEpochs, loss, patience, threads } = this.#recipe
    const { signal, progress, onEvent } = this.#options
    try {
      const { position, stopped } = await train(trainer, {
        training,
        validation,
        epochs,
        patience,
        loss,
        threads,
        schedule: scheduleOf(this.#recipe),
        evaluateEveryEpochs,
        checkpointEverySteps: Math.max(1, Math.round(checkpointEveryEpochs * training.batches)),
        from,
        signal,
        progress,
        onEvent,
        onEpoch: (metrics, isBest, model) => this.#keep(metrics, isBest, model()),
        onCheckpoint: (at) => this.#save(at),
      })
      // An epoch's end has written it.
      if (stopped) this.#writeModel('last', trainer.model())
      const tested = stopped ? undefined : await this.#test(position)
      return {
        ...outcomeOf(this.#folder, this.#recipe, position, this.#checkpoint?.path),
        tested,
        stopped: tested === undefined,
        wasComplete: false,
      }
    } catch (error) {
      throw this.#withCheckpoint(error)
    }
  }

  /** @returns undefined when stopped */
  async #test(position: TrainingPosition): Promise<TestResults | undefined> {
    const { test, trainer } = this.#ready
    const { loss, threads } = this.#recipe
    const { signal, progress } = this.#options
    const options: EvaluateOptions = {
      ...{ loss, threads, runtime: nodeRuntime, signal, onNotice: () => {} },
      progress: (p) => progress?.({ ...p, what: 'test' }),
    }
    const best = () => readModelFile(`${this.#folder.path}/best.onnx`)
    try {
      const tested = await testNetworks(trainer.model(), best, position, test, options)
      this.#folder.writeText('test.json', `${JSON.stringify(tested, null, 2)}\n`)
      return tested
    } catch (error) {
      if (isAborted(error)) return undefined
      throw error
    }
  }

  #start(step: number): RunStart {
    const { sets, training, trainer } = this.#ready
    const { train, validation, test } = sets
    return {
      recipe: this.#recipe,
      trainImages: train.count,
      validationImages: validation?.count ?? 0,
      testImages: test.count,
      // Parts of one set share its list.
      skipped: [...new Set([train, validation, test].map((set) => set?.skipped ?? []))].flat(),
      classes: train.classes,
      shape: training.shape,
      parameters: trainer.graph.weights.reduce((sum, w) => sum + w.shape.reduce((p, d) => p * d, 1), 0),
      step,
      memoryBytes: trainer.program.memory?.total,
    }
  }

  /** The position of the last checkpoint, whose state the trainer has then; the start where none was saved. */
  #restored(): TrainingPosition | undefined {
    const found = this.#folder.latestCheckpoint()
    const position = found && positionOf(found)
    // Within an epoch its line is still to come, also behind its last step: that one was stopped while it was evaluated.
    this.#folder.resumeAt(position ? position.step - (position.batch > 0 ? 1 : 0) : 0)
    if (!position) return undefined
    for (const { path, reason } of found.skipped) this.#notice(`${path} was skipped: ${reason}`)
    this.#ready.trainer.importState(found.sections, position.step)
    this.#checkpoint = { path: found.path, step: position.step }
    return position
  }

  #notice(text: string): void {
    ;(this.#options.onNotice ?? warn)(text)
  }

  #keep(metrics: Metrics, isBest: boolean, model: Model): void {
    this.#folder.log(metrics)
    this.#writeModel('last', model)
    if (isBest) this.#writeModel('best', model)
    this.#folder.writeText('curves.svg', lineChartsSvg(trainingCurves(this.#folder.metrics)))
  }

  /** With the names of the classes and what was done to the images, so that it can be used without its recipe. */
  #writeModel(which: 'best' | 'last', model: Model): void {
    const described = withImageMetadata(model, trainedOn(model, this.#ready.sets.train, this.#recipe.transforms))
    this.#folder.writeModel(which, (path) => void writeModelFile(described, path, { force: true }))
  }

  #save(position: TrainingPosition): void {
    const sections = this.#ready.trainer.exportState()
    const path = this.#folder.saveCheckpoint({ state: { step: position.step, position }, sections })
    this.#checkpoint = { path, step: position.step }
  }

  /** Where a run went wrong, what it goes on from. */
  #withCheckpoint(error: unknown): unknown {
    if (!(error instanceof KerfError)) return error
    const kept = this.#checkpoint
    const text = kept
      ? `The last good checkpoint is kept: ${kept.path} (step ${kept.step}).`
      : 'No checkpoint had been saved yet.'
    return new KerfError(error.code, `${error.message} ${text}`, { ...error.details, checkpoint: kept?.path })
  }
}
