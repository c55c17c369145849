import { isConcrete, KerfError, stoppable, type Task, turns } from '../../base/index.ts'
import { type Analysis, editGraph, graphInputs, type Model, type OperatorSet, tensorValues } from '../../graph/index.ts'
import { prunableOperators } from '../../ops/index.ts'
import type { PruneResult } from '../result.ts'
import { Changes, type LiveNetwork } from './changes.ts'
import { affineOf, type SolvedLayer, solvedLayers } from './layers.ts'
import { channelMoments, type Moments } from './moments.ts'
import { forPieces } from './networks.ts'
import { forWeights } from './problem.ts'
import { checkCut } from './recover.ts'
import type { RecoveredLayer } from './recovery.ts'
import { meanShift, oldGroup } from './steps.ts'

/*
 * Mean replacement by what normalisations keep. Nothing is run, so nothing is judged: what is told of a layer is what is to be expected,
 *
 *   √(E[what its removed inputs gave, less what stands for it]² ÷ E[what it gave]²),
 *
 * where channels are independent of each other, and what stands in front of it is as it was.
 */

/** A network in which channels that are gone count as much as they did on average. */
export interface MeansReplaced {
  /** The cut network with other biases. It has the operators that it had; layers without a bias may have got one. */
  readonly model: Model
  /** Layers that read channels that are gone, with the error that is to be expected: nothing was run. */
  readonly layers: readonly RecoveredLayer[]
  /** Such layers of whose inputs no normalisation tells the mean: they stay as they were. */
  readonly unknown: readonly string[]
}

/** Who asks for it, and what is known of operators. */
export interface ReplaceMeansOptions extends Pick<Task, 'signal'> {
  /** Default: Kerf's own. */
  readonly operators?: OperatorSet
}

/**
 * Mean replacement without any image: what a removed channel was on average, behind a normalisation and activations, goes into the biases of the layers that read it.
 * `recover` does more by images, and judges what it does. The given result is not changed.
 * @param result of `pruneModel`, with channels or inputs cut
 * @throws KerfError `no-images` where of no layer's inputs the mean is known, `unknown-shape` where the size of the input is open, `unsupported-input` for several inputs, `bad-options`
 *   for a result whose weights were only set to zero; `aborted`
 */
export const replaceMeans = (result: PruneResult, options: ReplaceMeansOptions = {}): Promise<MeansReplaced> =>
  stoppable('Recovery', () => replacedMeans(result, options))

async function replacedMeans(
  result: PruneResult,
  { operators = prunableOperators, signal }: ReplaceMeansOptions,
): Promise<MeansReplaced> {
  checkCut(result)
  const turn = turns(signal, 'Recovery')
  const { model, kept } = result
  const image = imageShape(result.analysis)
  const before = forPieces(result.analysis.model, 1, image, operators)
  const cut = forPieces(model, 1, image, operators)
  const layers = solvedLayers(cut, before, kept)
  const moments = await channelMoments(before, new Set(layers.map((l) => l.before.x)), turn)
  const live = liveNetwork(cut)
  const changes = new Changes(model, live)
  const told: RecoveredLayer[] = []
  const unknown: string[] = []
  for (const layer of layers) {
    await turn()
    const groups = Array.from({ length: layer.sum.groups }, (_, g) => oldGroup(layer, before, g))
    if (!groups.some((old) => old && old.removed.length > 0)) continue
    const known = moments.get(layer.before.x)
    if (!known || layer.before.sum.x.axis !== 1 || !changes.canSet(layer.weight)) unknown.push(layer.name)
    else told.push(replaced(layer, before, cut, known, live, changes))
  }
  if (told.length === 0)
    throw new KerfError(
      'no-images',
      `Without images nothing can be recovered: ${unknown.length === 0 ? 'no layer reads a channel that is gone' : `no normalisation in front of "${unknown[0]}" tells what its inputs are on average`}. Give some images, without labels (--data photos/).`,
      { layers: unknown },
    )
  return { model: changes.model(), layers: told, unknown }
}

/** Of one image. @throws KerfError `unknown-shape` */
function imageShape({ model, values }: Analysis): number[] {
  const [input] = graphInputs(model.graph)
  const shape = values.get(input?.name ?? '')?.shape?.slice(1)
  if (isConcrete(shape)) return [...shape]
  throw new KerfError(
    'unknown-shape',
    `The size of input "${input?.name}" is open: give it, as in --input 1,3,224,224.`,
    { input: input?.name },
  )
}

function liveNetwork({ model }: Analysis): LiveNetwork {
  const editor = editGraph(model)
  return {
    tensor: (name) => editor.initializers.get(name)!,
    set: (name, tensor) => void editor.set(name, tensor),
    rewrite: (visit) => void editor.rewrite(visit),
  }
}

/** Puts the means of channels that are gone into the constants of a layer that read them. */
function replaced(
  layer: SolvedLayer,
  before: Analysis,
  cut: Analysis,
  { mean, variance }: Moments,
  live: LiveNetwork,
  changes: Changes,
): RecoveredLayer {
  const { sum, bias, behind } = layer
  const stored = tensorValues(live.tensor(layer.weight))
  const constants = bias === undefined ? undefined : tensorValues(live.tensor(bias))
  const scale = behind.affine && affineOf(cut, behind.affine, (n) => tensorValues(live.tensor(n))).scale
  let [size, was, is] = [0, 0, 0]
  const maps = Array.from({ length: sum.groups }, (_, g) => {
    const weights = new Float64Array(sum.outChannels * sum.inChannels * sum.taps)
    forWeights(sum, g, (at, from) => {
      weights[at] = stored[from]!
    })
    const own = Float64Array.from({ length: sum.outChannels }, (_, m) => constants?.[g * sum.outChannels + m] ?? 0)
    const old = oldGroup(layer, before, g)
    if (!old) return { weights, constants: own }
    const shift = meanShift(layer, old, mean)
    for (let m = 0; m < sum.outChannels; m++) {
      const weight = (scale?.[g * sum.outChannels + m] ?? 1) ** 2
      const [gone, stays] = [old.removed, old.kept].map((channels) => {
        let [middle, spread] = [0, 0]
        for (const channel of channels)
          for (let t = 0; t < sum.taps; t++) {
            const w = old.weight(m, channel, t)
            middle += w * mean[channel]! * sum.met
            spread += w ** 2 * variance[channel]! * sum.met
          }
        return { middle, spread }
      }) as [Expected, Expected]
      size += weight * ((gone.middle + stays.middle + own[m]!) ** 2 + gone.spread + stays.spread)
      was += weight * (gone.middle ** 2 + gone.spread)
      is += weight * ((gone.middle - shift[m]!) ** 2 + gone.spread)
    }
    return { weights, constants: own.map((constant, m) => constant + shift[m]!) }
  })
  changes.setLayer(layer, cut, maps)
  const relative = (error: number) => (size > 0 ? Math.sqrt(error / size) : 0)
  return { layer: layer.name, before: relative(was), after: relative(is) }
}

interface Expected {
  readonly middle: number
  readonly spread: number
}
