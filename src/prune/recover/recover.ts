import { KerfError, type MatrixTurn, stoppable, turns } from '../../base/index.ts'
import type { Model } from '../../graph/index.ts'
import { operators as allOperators, prunableOperators } from '../../ops/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import { withMatrices } from '../matrices.ts'
import type { PruneResult } from '../result.ts'
import type { SolvedLayer } from './layers.ts'
import { collectImages, type GivenImages } from './networks.ts'
import { type Changed, compared, Meter, ownPass, passContext, runPass, runStep } from './passes.ts'
import {
  type Recovered,
  type RecoveredStep,
  type RecoverOptions,
  type RecoveryMemory,
  type RecoveryStep,
  recoverySteps,
} from './recovery.ts'
import { plainLeastSquares } from './steps.ts'

/*
 * What a cut network lost, got back without labels: layer by layer, front to back, each in the network as it has become in front of it, towards what it gave in
 * the network as it was. Nothing is kept that is worse on images that were held out, neither of a layer nor of a whole step.
 */

/** Images that steps need at least: some to fit on, some to judge by. */
const leastImages = 8

/**
 * Brings a cut network nearer to what it was, without labels and without training. The given result is not changed.
 * @param result of `pruneModel`, with channels or inputs cut
 * @throws KerfError `no-images`, `too-few-images` (fewer than 8), `not-finite` for images and for what the network makes of them, `unsupported-input`, `wrong-shape` for images that do
 *   not fit, `bad-options` for a step that there is not, or a result whose weights were only set to zero; `out-of-memory`, `aborted`
 */
export const recover = (result: PruneResult, options: RecoverOptions): Promise<Recovered> =>
  stoppable(
    'Recovery',
    async () => {
      checkCut(result)
      const { model, analysis, kept } = result
      return recovered({ model, was: analysis.model, kept }, options)
    },
    options,
  )

/**
 * Brings a network with other layers nearer to the one that it was made from, likewise: layers that make a value of the same name are meant to make the same. Mean replacement and
 * merging have nothing to say of layers with another window, or other inputs.
 * @param model that is to come nearer, as `rewriteModel` gives it
 * @param was what it was made from, with the same names (`simplified`)
 * @throws as `recover`
 */
export const recoverTowards = (model: Model, was: Model, options: TowardsOptions): Promise<Recovered> =>
  stoppable(
    'Recovery',
    async () => {
      const { reordered } = options
      const kept: Changed['kept'] = (value, axis) => {
        const order = axis === 1 ? reordered?.get(value) : undefined
        return order && Int32Array.from(order)
      }
      return recovered({ model, was, kept }, options)
    },
    options,
  )

/** What a network with other layers is brought nearer with. */
export interface TowardsOptions extends RecoverOptions {
  /** Values that hold their channels in another order than they were in: for each place, which channel stands there. */
  readonly reordered?: ReadonlyMap<string, readonly number[]>
}

const keepsNothing: RecoveryMemory = { network: (_, make) => make() }

/** Least squares does what mean replacement does, too. */
export const autoSteps: readonly RecoveryStep[] = ['least-squares', 'statistics']

const recovered = (result: Changed, options: RecoverOptions): Promise<Recovered> =>
  withMatrices(options, turns(options.signal, 'Recovery'), (turn) => inSteps(result, options, turn))

async function inSteps(result: Changed, options: RecoverOptions, turn: MatrixTurn): Promise<Recovered> {
  const { operators = prunableOperators } = options
  const derived = options.operators ?? allOperators
  const steps = options.steps === 'auto' || options.steps === undefined ? autoSteps : options.steps
  const unknown = steps.find((s) => typeof s === 'string' && !recoverySteps.includes(s))
  if (unknown !== undefined)
    throw new KerfError('bad-options', `There is no step "${unknown}". There are: ${recoverySteps.join(', ')}.`, {
      step: unknown,
    })
  await turn()
  const given = await collectImages(options.images, turn)
  if (given.count < leastImages)
    throw new KerfError(
      'too-few-images',
      `Recovery needs at least ${leastImages} images, some to fit to and some to judge by: received ${given.count}. Give more; some hundreds are good.`,
      { count: given.count, least: leastImages },
    )
  const wanted = { inputs: steps.includes('merging'), means: steps.includes('mean-replacement') }
  const meter = new Meter(options, given.count, steps.filter((s) => typeof s === 'string' && s !== 'statistics').length)
  const context = await passContext(result, given, wanted, { ...options, operators, derived }, turn, meter)
  const { pieces } = context
  let model = result.model
  let error = await compared(pieces(model), context)
  const done: RecoveredStep[] = []
  const { memory = keepsNothing } = options
  for (const [i, step] of steps.entries()) {
    const name = typeof step === 'string' ? step : step.name
    const [before, off] = [model, error]
    const { model: made, facts } = await memory.network(`step-${i}-${name}`, async () => {
      const { model, ...facts } =
        typeof step === 'string' ? await runStep(step, before, context) : await ownPass(step, before, off, context)
      return { model, facts }
    })
    // JSON has no infinity.
    const pass = { ...facts, model: made, error: facts.error ?? Number.POSITIVE_INFINITY }
    const kept = pass.error < error
    done.push({
      ...{ name, kept, layers: pass.layers, ...(pass.why === undefined ? {} : { why: pass.why }) },
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
  turn: MatrixTurn,
): Promise<number> {
  const { operators = prunableOperators, batchSize } = running
  const options = { ...running, operators, derived: operators, images: { batchSize } }
  const readers = ({ before }: SolvedLayer) => cut.kept(before.x, before.sum.x.axis) !== undefined
  const nothing = { inputs: false, means: false }
  const context = await passContext(cut, given, nothing, options, turn, new Meter({}, given.count, 1), readers)
  return (await runPass({ layer: plainLeastSquares }, cut.model, context)).error
}
