import type { MatrixTurn, Task } from '../../base/index.ts'
import type { Analysis, Model, OperatorSet } from '../../graph/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import type { ScoringImages } from '../criteria/batches.ts'
import type { PruneResult } from '../result.ts'
import { Changes } from './changes.ts'
import { type SolvedLayer, solvedLayers } from './layers.ts'
import { forPieces, type GivenImages, inPieces, pieceSize } from './networks.ts'
import { pairOf, solvePair } from './pairs.ts'
import { LayerProblem } from './problem.ts'
import type { RecoveredLayer, RecoveryMethod, RecoveryStep } from './recovery.ts'
import { isHeldOut, piecesOf } from './samples.ts'
import { type ImagePieces, StagedRun } from './staged-run.ts'
import { measureStatistics } from './statistics.ts'
import { leastSquares, meanReplacement, merging, type SolveGroup } from './steps.ts'
import { askTeacher, type Kept, outputError, type Teacher, watched } from './teacher.ts'

/* Ways through a cut network, from its input to its outputs: one for each step of recovery. */

/** Squared errors below this part of what is wanted are rounding. */
const leastError = 1e-12

/** A network that is to be like another one. */
export interface Changed {
  readonly model: Model
  readonly was: Model
  /** Which indices of a value's axis are left; undefined: all. */
  readonly kept: PruneResult['kept']
}

type PassOptions = Required<Pick<RunningOptions, 'operators'>> &
  RunningOptions &
  Task & {
    readonly images: Pick<ScoringImages, 'batchSize'>
    /** Operators with their gradients. */
    readonly derived: OperatorSet
  }

/** What all passes through a network have in common. */
export interface PassContext {
  /** The network before the cut. */
  readonly was: Model
  readonly images: ImagePieces
  readonly teacher: Teacher
  /** A network as it is run with the images. */
  readonly pieces: (model: Model) => Analysis
  /** The layers that are solved for. */
  readonly layers: (cut: Analysis) => SolvedLayer[]
  readonly before: Analysis
  readonly options: PassOptions
  readonly turn: MatrixTurn
  readonly meter: Meter
}

/** Asks the network as it was. @param isSolved which layers are solved for */
export async function passContext(
  { model, was, kept }: Changed,
  given: GivenImages,
  wanted: Kept,
  options: PassOptions,
  turn: MatrixTurn,
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
  return { was, images, teacher, pieces, layers, before, options, turn, meter }
}

/** Says how far the work is. */
export class Meter {
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
export async function compared(cut: Analysis, { images, teacher, options, turn }: PassContext): Promise<number> {
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

export interface Pass {
  readonly model: Model
  readonly error: number
  readonly layers: readonly RecoveredLayer[]
  readonly why?: string
}

/** A step of one's own, and the errors of layers before and after it. */
export async function ownPass(
  { improve }: RecoveryMethod,
  model: Model,
  outputError: number,
  context: PassContext,
): Promise<Pass> {
  const { was, images, options } = context
  const fitted = Array.from({ length: images.count }, (_, i) => i).filter((i) => !isHeldOut(i))
  const { signal, progress } = options
  const made = await improve({ model, given: was, outputError, fitted, signal, progress })
  if (typeof made === 'string') return { model, error: outputError, layers: [], why: made }
  const [old, now] = [await errorsOf(model, context), await errorsOf(made, context)]
  const layers = old.layers.map(({ layer, error }, i) => ({ layer, before: error, after: now.layers[i]!.error }))
  return { model: made, error: now.error, layers }
}

/** Errors of a network's outputs and layers, as it is. */
async function errorsOf(
  model: Model,
  context: PassContext,
): Promise<{ readonly error: number; readonly layers: readonly { readonly layer: string; readonly error: number }[] }> {
  const { images, options, turn, teacher } = context
  const cut = context.pieces(model)
  const run = new StagedRun(cut.model, images, options, turn)
  const layers: { layer: string; error: number }[] = []
  for (const layer of context.layers(cut)) {
    await run.reach(readBy(layer))
    const problem = new LayerProblem(layer, cut, run, teacher, images.count, turn)
    let [size, error] = [0, 0]
    for (const [g, map] of problem.maps.entries()) {
      await turn()
      const judge = problem.judge(g)
      size += judge.size
      error += await judge.errorOf(map)
    }
    layers.push({ layer: layer.name, error: relative(error, size) })
  }
  return { layers, error: await outputErrorOf(run, cut, teacher, images) }
}

/** What is looked at in front of a layer. */
const readBy = ({ x, behind: { addend } }: SolvedLayer): string[] => [x, ...(addend === undefined ? [] : [addend])]

const relative = (error: number, size: number): number => (size > 0 ? Math.sqrt(error / size) : 0)

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

export const runStep = (step: RecoveryStep, model: Model, context: PassContext): Promise<Pass> =>
  runPass(step === 'statistics' ? step : solvers[step], model, context)

/** One way through the network, front to back. */
export async function runPass(solver: Solver | 'statistics', model: Model, context: PassContext): Promise<Pass> {
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
      const read = [...readBy(layer), ...(pair ? [pair.first.x] : [])]
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
  return { layer: layer.name, before: relative(was, size), after: relative(is, size) }
}
