import { KerfError, stoppable, type Task, type Turn, turns } from '../../base/index.ts'
import { type Analysis, type InferredCall, type Model, nodeLabel } from '../../graph/index.ts'
import { prunableOperators } from '../../ops/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { ScoringImages } from '../criteria/batches.ts'
import type { PruneResult } from '../prune.ts'
import { Changes } from './changes.ts'
import { solvedLayers } from './layers.ts'
import { collectImages, forPieces, inPieces, pieceSize } from './networks.ts'
import { LayerProblem } from './problem.ts'
import { piecesOf } from './samples.ts'
import { type ImagePieces, StagedRun } from './staged-run.ts'
import { leastSquares, meanReplacement, merging, type SolveGroup } from './steps.ts'
import { askTeacher, outputError, type Teacher, watched } from './teacher.ts'

/*
 * What a cut network lost, got back without labels: layer by layer, front to back, each in the network as it has become in front of it, towards what it gave in
 * the network as it was. Nothing is kept that is worse on images that were held out, neither of a layer nor of a whole step.
 */

/**
 * What brings a cut network nearer to what it was.
 * - `mean-replacement`: a channel that is gone counts as much as it did on average; into the biases of the layers that read it
 * - `merging`: a channel that is gone is made of those that stay, as well as a linear combination can; into the weights that read them
 * - `least-squares`: each layer's weights and biases are those that come nearest to what it gave (ridge regression)
 * - `statistics`: means and variances of normalisations are measured anew
 */
export type RecoveryStep = 'mean-replacement' | 'merging' | 'least-squares' | 'statistics'

/** Every step, in the order in which they are of use. */
export const recoverySteps: readonly RecoveryStep[] = ['mean-replacement', 'merging', 'least-squares', 'statistics']

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
interface Changed {
  readonly model: Model
  readonly was: Model
  /** Which indices of a value's axis are left; undefined: all. */
  readonly kept: PruneResult['kept']
}

/** Least squares does what mean replacement does, too. */
const autoSteps: readonly RecoveryStep[] = ['least-squares', 'statistics']

async function recovered(result: Changed, options: RecoverOptions): Promise<Recovered> {
  const { signal, operators = prunableOperators } = options
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
  const old = result.was
  const wanted = { inputs: steps.includes('merging'), means: steps.includes('mean-replacement') }
  const layersOf = (size: number) => {
    const before = forPieces(old, size, given.shape, operators)
    return { before, layers: solvedLayers(forPieces(result.model, size, given.shape, operators), before, result.kept) }
  }
  const size = pieceSize(old, given, options.images.batchSize, operators, (one) =>
    watched(solvedLayers(forPieces(result.model, 1, given.shape, operators), one, result.kept), wanted),
  )
  const images = inPieces(given, size)
  const { before, layers } = layersOf(size)
  const meter = new Meter(options, images.count, layers.length, steps.filter((s) => s !== 'statistics').length)
  const teacher = await askTeacher(before, layers, images, result.kept, wanted, options, turn, (some) =>
    meter.images(some),
  )
  const context = { images, teacher, before, kept: result.kept, options: { ...options, operators }, turn, meter }
  let model = result.model
  let error = await compared(forPieces(model, size, given.shape, operators), context)
  const done: RecoveredStep[] = []
  for (const name of steps) {
    const pass = await runPass(name, model, context)
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

/** What all passes through a network have in common. */
interface PassContext {
  readonly images: ImagePieces
  readonly teacher: Teacher
  readonly before: Analysis
  readonly kept: PruneResult['kept']
  readonly options: RecoverOptions & Required<Pick<RunningOptions, 'operators'>>
  readonly turn: Turn
  readonly meter: Meter
}

/** Says how far the work is. */
class Meter {
  readonly #progress: Task['progress']
  readonly #images: number
  readonly #layers: number
  #looked = 0
  #solved = 0

  constructor({ progress }: Task, images: number, layers: number, steps: number) {
    this.#progress = progress
    this.#images = images
    this.#layers = layers * steps
  }

  images(some: number): void {
    this.#looked += some
    this.#progress?.({ what: 'looking at images', done: this.#looked, total: this.#images, unit: 'images' })
  }

  layer(): void {
    this.#solved++
    this.#progress?.({ what: 'recovering layers', done: this.#solved, total: this.#layers, unit: 'layers' })
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

const solvers: Readonly<Record<Exclude<RecoveryStep, 'statistics'>, SolveGroup>> = {
  'mean-replacement': meanReplacement,
  merging,
  'least-squares': leastSquares,
}

/** One way through the network, front to back. */
async function runPass(name: RecoveryStep, model: Model, context: PassContext): Promise<Pass> {
  const { images, options, turn, teacher, before, kept, meter } = context
  const cut = forPieces(model, images.shape[0]!, images.shape.slice(1), options.operators)
  const run = new StagedRun(cut.model, images, options, turn)
  const changes = new Changes(model, run)
  const layers: RecoveredLayer[] = []
  if (name === 'statistics') await measure(cut, run, changes, images, turn)
  else
    for (const layer of solvedLayers(cut, before, kept)) {
      const { addend } = layer.behind
      await run.reach([layer.x, ...(addend === undefined ? [] : [addend])])
      if (changes.canSet(layer.weight)) {
        const problem = new LayerProblem(layer, cut, run, teacher, images.count, turn)
        layers.push(await solve(problem, solvers[name], cut, changes, context))
      }
      meter.layer()
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

/** Means and variances of normalisations over all images, each behind those that were measured before it. */
async function measure(
  cut: Analysis,
  run: StagedRun,
  changes: Changes,
  images: ImagePieces,
  turn: Turn,
): Promise<void> {
  for (const node of cut.model.graph.nodes) {
    const known = cut.calls.get(node)
    const slots = known?.operator.channels?.standardises?.(known.call as InferredCall)
    const [x = ''] = node.inputs
    if (!slots || cut.constants.has(x)) continue
    const names = [node.inputs[slots.mean]!, node.inputs[slots.variance]!] as const
    if (!names.every((n) => changes.canSet(n) && cut.consumers.get(n)?.length === 1)) continue
    await run.reach([x])
    await turn()
    const { mean, variance } = moments(run, x, images)
    if (![...mean, ...variance].every(Number.isFinite))
      throw new KerfError(
        'not-finite',
        `"${x}" holds values that are no numbers; the statistics of "${nodeLabel(node)}" cannot be measured.`,
      )
    changes.setValues(names[0], mean)
    changes.setValues(names[1], variance)
  }
}

/** Mean and variance of each channel (axis 1) over all images and places. */
function moments(run: StagedRun, value: string, images: ImagePieces) {
  const tensors = run.value(value)
  const pieces = piecesOf(tensors, images.count)
  const channels = tensors[0]!.shape[1]!
  const places = pieces[0]!.size / channels
  const sums = (of: (value: number, c: number) => number) => {
    const out = new Float64Array(channels)
    for (const { data, size, images: some } of pieces)
      for (let i = 0; i < some; i++)
        for (let c = 0; c < channels; c++) {
          let sum = 0
          const start = i * size + c * places
          for (let at = start; at < start + places; at++) sum += of(data[at]!, c)
          out[c] = out[c]! + sum
        }
    return out.map((sum) => sum / (places * images.count))
  }
  const mean = sums((v) => v)
  return { mean, variance: sums((v, c) => (v - mean[c]!) ** 2) }
}
