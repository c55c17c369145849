import { KerfError, stoppable, type Task, type Turn, turns } from '../../base/index.ts'
import type { Analysis, Model, OperatorSet } from '../../graph/index.ts'
import { operators as allOperators, prunableOperators } from '../../ops/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { ScoringImages } from '../criteria/batches.ts'
import type { PruneResult } from '../result.ts'
import { Changes } from './changes.ts'
import { type SolvedLayer, solvedLayers } from './layers.ts'
import { collectImages, forPieces, type GivenImages, inPieces, pieceSize } from './networks.ts'
import { pairOf, solvePair } from './pairs.ts'
import { LayerProblem } from './problem.ts'
import { piecesOf } from './samples.ts'
import { type ImagePieces, StagedRun } from './staged-run.ts'
import { measureStatistics } from './statistics.ts'
import { leastSquares, meanReplacement, merging, plainLeastSquares, type SolveGroup } from './steps.ts'
import { askTeacher, type Kept, outputError, type Teacher, watched } from './teacher.ts'

/*
 * What a cut network lost, got back without labels: layer by layer, front to back, each in the network as it has become in front of it, towards what it gave in
 * the network as it was. Nothing is kept that is worse on images that were held out, neither of a layer nor of a whole step.
 */

/**
 * What brings a cut network nearer to what it was.
 * - `mean-replacement`: a channel that is gone counts as much as it did on average; into the biases of the layers that read it
 * - `merging`: a channel that is gone is made of those that stay, as well as a linear combination can; into the weights that read them
 * - `least-squares`: each layer's weights and biases are those that come nearest to what it gave (ridge regression)
 * - `pairs`: two layers with nothing but an activation in between, as in a residual block, are solved for together, front to back; all others by least squares. It takes some
 *   times as long as those
 * - `statistics`: means and variances of normalisations are measured anew
 */
export type RecoveryStep = 'mean-replacement' | 'merging' | 'least-squares' | 'pairs' | 'statistics'

/** Every step, in the order in which they are of use. */
export const recoverySteps: readonly RecoveryStep[] = [
  'mean-replacement',
  'merging',
  'least-squares',
  'pairs',
  'statistics',
]

/** Images that steps need at least: some to fit on, some to judge by. */
const leastImages = 8

/** Squared errors below this part of what is wanted are rounding. */
const leastError = 1e-12

/** What a network is recovered with. */
export interface RecoverOptions extends RunningOptions, Task {
  /** Images as the network's input has them, without labels, as `imagesFor` of kerf/workflow makes them. Every fourth is held out to judge by. */
  readonly images: ScoringImages
  /** Default `auto`: what is of use. */
  readonly steps?: 'auto' | readonly RecoveryStep[]
}

/** How far something is from what the network gave before it was cut: ‖difference‖ / ‖what it gave‖, on images that are held out. */
export interface RecoveryError {
  /** Before the step. */
  readonly before: number
  /** After it. */
  readonly after: number
}

/** What a step made of a layer. */
export interface RecoveredLayer extends RecoveryError {
  /** Its name, or that of its output. */
  readonly layer: string
}

/** What a step made of the network. */
export interface RecoveredStep {
  /** Which. */
  readonly name: RecoveryStep
  /** False: the outputs would have been further off than before, so that all is as it was before the step. */
  readonly kept: boolean
  /** Of the outputs of the network. */
  readonly outputError: RecoveryError
  /**
   * Of the layers, each in the network as it has become in front of it. Where the result of a layer is only scaled, shifted and added to something behind
   * it, of what comes out there.
   */
  readonly layers: readonly RecoveredLayer[]
}

/** A network that was recovered. */
export interface Recovered {
  /** The cut network with other weights. It has the operators that it had; layers without a bias may have got one. */
  readonly model: Model
  /** What was done, in order. */
  readonly steps: readonly RecoveredStep[]
}

/**
 * Brings a cut network nearer to what it was, without labels and without training. The given result is not changed.
 * @param result of `pruneModel`, with channels or inputs cut
 * @throws KerfError `no-images`, `too-few-images` (fewer than 8), `not-finite` for images and for what the network makes of them, `unsupported-input`, `wrong-shape` for images that do
 *   not fit, `bad-options` for a step that there is not, or a result whose weights were only set to zero; `out-of-memory`, `aborted`
 */
export const recover = (result: PruneResult, options: RecoverOptions): Promise<Recovered> =>
  stoppable('Recovery', async () => {
    checkCut(result)
    const { model, analysis, kept } = result
    return recovered({ model, was: analysis.model, kept }, options)
  })

/**
 * Brings a network with other layers nearer to the one that it was made from, likewise: layers that make a value of the same name are meant to make the same. Mean replacement and
 * merging have nothing to say of layers with another window, or other inputs.
 * @param model that is to come nearer, as `rewriteModel` gives it
 * @param was what it was made from, with the same names (`simplified`)
 * @throws as `recover`
 */
export const recoverTowards = (model: Model, was: Model, options: TowardsOptions): Promise<Recovered> =>
  stoppable('Recovery', async () => {
    const { reordered } = options
    const kept: Changed['kept'] = (value, axis) => {
      const order = axis === 1 ? reordered?.get(value) : undefined
      return order && Int32Array.from(order)
    }
    return recovered({ model, was, kept }, options)
  })

/** What a network with other layers is brought nearer with. */
export interface TowardsOptions extends RecoverOptions {
  /** Values that hold their channels in another order than they were in: for each place, which channel stands there. */
  readonly reordered?: ReadonlyMap<string, readonly number[]>
}

/** A network that is to be like another one. */
export interface Changed {
  readonly model: Model
  readonly was: Model
  /** Which indices of a value's axis are left; undefined: all. */
  readonly kept: PruneResult['kept']
}

/** Least squares does what mean replacement does, too. */
const autoSteps: readonly RecoveryStep[] = ['least-squares', 'statistics']

async function recovered(result: Changed, options: RecoverOptions): Promise<Recovered> {
  const { signal, operators = prunableOperators } = options
  const derived = options.operators ?? allOperators
  const steps = options.steps === 'auto' || options.steps === undefined ? autoSteps : options.steps
  const unknown = steps.find((s) => !recoverySteps.includes(s))
  if (unknown !== undefined)
    throw new KerfError('bad-options', `There is no step "${unknown}". There are: ${recoverySteps.join(', ')}.`, {
      step: unknown,
    })
  const turn = turns(signal, 'Recovery')
  await turn()
  const given = await collectImages(options.images, turn)
  if (given.count < leastImages)
    throw new KerfError(
      'too-few-images',
      `Recovery needs at least ${leastImages} images, some to fit to and some to judge by: received ${given.count}. Give more; some hundreds are good.`,
      { count: given.count, least: leastImages },
    )
  const wanted = { inputs: steps.includes('merging'), means: steps.includes('mean-replacement') }
  const meter = new Meter(options, given.count, steps.filter((s) => s !== 'statistics').length)
  const context = await passContext(result, given, wanted, { ...options, operators, derived }, turn, meter)
  const { pieces } = context
  let model = result.model
  let error = await compared(pieces(model), context)
  const done: RecoveredStep[] = []
  for (const name of steps) {
    const pass = await runPass(name === 'statistics' ? name : solvers[name], model, context)
    const kept = pass.error < error
    done.push({
      ...{ name, kept, layers: pass.layers },
      outputError: { before: error, after: kept ? pass.error : error },
    })
    if (kept) {
      model = pass.model
      error = pass.error
    }
  }
  return { model, steps: done }
}

/** @throws KerfError `bad-options` for a result whose weights were only set to zero */
export function checkCut({ masked }: PruneResult): void {
  if (!masked)
    throw new KerfError(
      'bad-options',
      'Weights that are only set to zero would not stay zero: recovery is for channels and inputs that are cut (--method filter, neuron or input).',
    )
}

/**
 * How far the outputs of a cut network are off when only the layers that read what was cut are solved anew: ‖difference‖ / ‖output‖ on images that are held out.
 * What a cut costs that is one of many, in the time of one run of both networks.
 */
export async function errorOnceRead(
  cut: Changed,
  given: GivenImages,
  running: RunningOptions & { readonly batchSize: number },
  turn: Turn,
): Promise<number> {
  const { operators = prunableOperators, batchSize } = running
  const options = { ...running, operators, derived: operators, images: { batchSize } }
  const readers = ({ before }: SolvedLayer) => cut.kept(before.x, before.sum.x.axis) !== undefined
  const nothing = { inputs: false, means: false }
  const context = await passContext(cut, given, nothing, options, turn, new Meter({}, given.count, 1), readers)
  return (await runPass({ layer: plainLeastSquares }, cut.model, context)).error
}

type PassOptions = Required<Pick<RunningOptions, 'operators'>> &
  RunningOptions &
  Task & {
    readonly images: Pick<ScoringImages, 'batchSize'>
    /** Operators with their gradients. */
    readonly derived: OperatorSet
  }

/** What all passes through a network have in common. */
interface PassContext {
  readonly images: ImagePieces
  readonly teacher: Teacher
  /** A network as it is run with the images. */
  readonly pieces: (model: Model) => Analysis
  /** The layers that are solved for. */
  readonly layers: (cut: Analysis) => SolvedLayer[]
  readonly before: Analysis
  readonly options: PassOptions
  readonly turn: Turn
  readonly meter: Meter
}

/** Asks the network as it was. @param isSolved which layers are solved for */
async function passContext(
  { model, was, kept }: Changed,
  given: GivenImages,
  wanted: Kept,
  options: PassOptions,
  turn: Turn,
  meter: Meter,
  isSolved: (layer: SolvedLayer) => boolean = () => true,
): Promise<PassContext> {
  const { operators } = options
  const layersOf = (cut: Analysis, before: Analysis) => solvedLayers(cut, before, kept).filter(isSolved)
  const size = pieceSize(was, given, options.images.batchSize, operators, (one) =>
    watched(layersOf(forPieces(model, 1, given.shape, operators), one), wanted),
  )
  const images = inPieces(given, size)
  const pieces = (network: Model) => forPieces(network, size, given.shape, operators)
  const before = pieces(was)
  const layers = (cut: Analysis) => layersOf(cut, before)
  const solved = layers(pieces(model))
  meter.layers = solved.length
  const teacher = await askTeacher(before, solved, images, kept, wanted, options, turn, (some) => meter.images(some))
  return { images, teacher, pieces, layers, before, options, turn, meter }
}

/** Says how far the work is. */
class Meter {
  readonly #progress: Task['progress']
  readonly #images: number
  readonly #steps: number
  /** How many are solved in each step. */
  layers = 0
  #looked = 0
  #solved = 0

  constructor({ progress }: Task, images: number, steps: number) {
    this.#progress = progress
    this.#images = images
    this.#steps = steps
  }

  images(some: number): void {
    this.#looked += some
    this.#progress?.({ what: 'looking at images', done: this.#looked, total: this.#images, unit: 'images' })
  }

  layer(): void {
    this.#solved++
    this.#progress?.({
      what: 'recovering layers',
      done: this.#solved,
      total: this.layers * this.#steps,
      unit: 'layers',
    })
  }
}

/** The error of the outputs of a network as it is. */
async function compared(cut: Analysis, { images, teacher, options, turn }: PassContext): Promise<number> {
  const run = new StagedRun(cut.model, images, options, turn)
  return outputErrorOf(run, cut, teacher, images)
}

async function outputErrorOf(
  run: StagedRun,
  { model }: Analysis,
  teacher: Teacher,
  images: ImagePieces,
): Promise<number> {
  await run.reach(model.graph.outputs.map((o) => o.name))
  return outputError(teacher.outputs, (name) => piecesOf(run.value(name), images.count))
}

interface Pass {
  readonly model: Model
  readonly error: number
  readonly layers: readonly RecoveredLayer[]
}

/** How a pass solves for a layer, and whether then for a pair that ends with it. */
interface Solver {
  readonly layer: SolveGroup
  readonly pairs?: boolean
}

const solvers: Readonly<Record<Exclude<RecoveryStep, 'statistics'>, Solver>> = {
  'mean-replacement': { layer: meanReplacement },
  merging: { layer: merging },
  'least-squares': { layer: leastSquares },
  pairs: { layer: leastSquares, pairs: true },
}

/** One way through the network, front to back. */
async function runPass(solver: Solver | 'statistics', model: Model, context: PassContext): Promise<Pass> {
  const { images, options, turn, teacher, meter, before } = context
  const cut = context.pieces(model)
  const run = new StagedRun(cut.model, images, options, turn)
  const changes = new Changes(model, run)
  const layers: RecoveredLayer[] = []
  if (solver === 'statistics') await measureStatistics(cut, run, changes, images, turn)
  else {
    const whole = solver.pairs ? new StagedRun(before.model, images, options, turn) : undefined
    const all = context.layers(cut)
    const isFree = (layer: SolvedLayer) => changes.canSet(layer.weight)
    for (const layer of all) {
      const pair = whole && pairOf(cut, layer, all.filter(isFree))
      const { addend } = layer.behind
      const read = [layer.x, ...(addend === undefined ? [] : [addend]), ...(pair ? [pair.first.x] : [])]
      await run.reach(read)
      const problemOf = (one: SolvedLayer) => new LayerProblem(one, cut, run, teacher, images.count, turn)
      if (isFree(layer)) {
        let solved = await solve(problemOf(layer), solver.layer, cut, changes, context)
        if (pair) {
          await whole.reach([layer.behind.value])
          const samples = { first: problemOf(pair.first).samples(0), second: problemOf(layer).samples(0) }
          const wanted = whole.value(layer.behind.value)
          const given = {
            cut,
            run,
            changes,
            wanted,
            samples,
            images: images.count,
            running: options,
            operators: options.derived,
            turn,
          }
          if (await solvePair(pair, given)) {
            await run.reach(read)
            solved = { ...(await solve(problemOf(layer), solver.layer, cut, changes, context)), before: solved.before }
          }
        }
        layers.push(solved)
      }
      meter.layer()
    }
  }
  const error = await outputErrorOf(run, cut, teacher, images)
  return { model: changes.model(), error, layers }
}

/** Gives a layer better weights, group by group, where there are some. */
async function solve(
  problem: LayerProblem,
  solver: SolveGroup,
  cut: Analysis,
  changes: Changes,
  { teacher, before, turn }: PassContext,
): Promise<RecoveredLayer> {
  const { layer } = problem
  let [size, was, is] = [0, 0, 0]
  const maps = [...problem.maps]
  for (let g = 0; g < maps.length; g++) {
    await turn()
    const judge = problem.judge(g)
    const now = await judge.errorOf(maps[g]!)
    // What differs in rounding alone is as it was.
    const found =
      now > leastError * judge.size ? await solver({ problem, teacher, before, turn }, g, judge.errorOf) : undefined
    const better = found ? await judge.errorOf(found) : Number.POSITIVE_INFINITY
    if (found && better < now) maps[g] = found
    size += judge.size
    was += now
    is += Math.min(now, better)
  }
  if (is < was) changes.setLayer(layer, cut, maps)
  const relative = (error: number) => (size > 0 ? Math.sqrt(error / size) : 0)
  return { layer: layer.name, before: relative(was), after: relative(is) }
}
