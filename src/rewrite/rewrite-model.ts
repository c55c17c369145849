import { type Bounded, KerfError, type NamePattern, stoppable, type Task, turns } from '../base/index.ts'
import {
  type Analysis,
  analyse,
  bindInputs,
  type Model,
  type OperatorSet,
  opsetOf,
  quantisedWeight,
  simplified,
  withStoredConstants,
} from '../graph/index.ts'
import { type ModelSource, modelOf } from '../onnx/index.ts'
import { runnableOperators } from '../ops/index.ts'
import { rewriteOf } from './catalogue.ts'
import { exchanged, type SwappedLayer } from './exchange.ts'
import { chooseLayers, layersOf, nothingToSwap, resultOf, type UnswappedLayer } from './layers.ts'
import type { Rewrite, RewriteRefusal } from './rewrite.ts'
import { settingsFrom } from './settings.ts'
import { type RewriteTarget, withVariants } from './target.ts'

/** Which layers are exchanged, and how. */
export interface RewriteOptions<S extends object = object> extends Task, Bounded {
  /** By default all that the rewrite takes but those that it keeps. */
  readonly layers?: NamePattern
  /** What the rewrite lets be set. Default: as `Rewrite.settings` has it. */
  readonly settings?: Partial<S>
  /** How large layers become, in the place of a setting, for rewrites that have variants; where neither is given, as much as keeps 0.95 of the energy. */
  readonly target?: RewriteTarget
  /** Shapes of inputs that the file leaves open, by their names; '' for the only one. Costs follow from them. */
  readonly inputs?: ReadonlyMap<string, readonly number[]>
  /** Draws weights; 0 by default. */
  readonly seed?: number
  /** What is known of operators: Kerf's, and your own (`withOperators`). Default `runnableOperators`. */
  readonly operators?: OperatorSet
}

/** A network with other layers, and what became of each. */
export interface RewriteResult {
  /** Its statistics fit the new layers no longer: see `measureStatistics`. */
  readonly model: Model
  /** Values that hold their channels in another order than in the given network: for each place, which channel comes there. */
  readonly reordered: ReadonlyMap<string, readonly number[]>
  /** In the order of the nodes. */
  readonly swapped: readonly SwappedLayer[]
  /** Could be swapped, and is kept on purpose. */
  readonly kept: readonly UnswappedLayer[]
  /** Cannot be swapped: convolutions, and what calculates with weights where the pattern means it. */
  readonly refused: readonly (UnswappedLayer & RewriteRefusal)[]
}

/**
 * Exchanges layers, those of model-local functions, composite operators, branches and loops that are known too. The model given is not changed.
 * @param source a model in any form; in browsers a text is an address, in Node a path
 * @param rewrite one of `rewrites` by its name, or one of your own
 * @throws as `openModel`; KerfError `unknown-rewrite`, `unknown-setting`, `bad-setting`, `bad-target`, `no-such-layer` for a pattern that no layer has, `nothing-to-swap`, `out-of-reach` for a target that no variants reach, `unknown-shape` for MACs that cannot be counted, `quantised`,
 *   `unsupported-opset`, `bad-rewrite` where it leaves another graph than it should, `aborted`; NodeError `cannot-swap` for a layer asked for by its very
 *   name that cannot be swapped; and what the rewrite throws
 */
export const rewriteModel = <S extends object>(
  source: ModelSource,
  rewrite: string | Rewrite<S>,
  options: RewriteOptions<S> = {},
): Promise<RewriteResult> =>
  stoppable('Rewriting', async () => rewritten(await modelOf(source, options), rewriteOf(rewrite), options), options)

async function rewritten(given: Model, rewrite: Rewrite, options: RewriteOptions): Promise<RewriteResult> {
  const { operators = runnableOperators, seed = 0, signal, progress } = options
  const settings = settingsFrom(rewrite.name, rewrite.settings, options.settings)
  checkTarget(rewrite, options)
  const turn = turns(signal, 'Rewriting')
  await turn()
  const sizes = options.inputs ? bindInputs(given.graph, options.inputs) : {}
  const found = analyse(simplified(given, operators), operators, sizes)
  checkModel(found, rewrite)
  const { taken, refused, ...others } = chooseLayers(found, rewrite, settings, options.layers)
  const inputs = taken.flatMap(({ node }) => node.inputs)
  const model = withStoredConstants(found, inputs)
  const analysis = model === found.model ? found : analyse(model, operators, sizes)
  const wanted = new Set(taken.map((layer) => resultOf(layer.node)))
  const stored = layersOf(analysis).filter((l) => wanted.has(resultOf(l.node)))
  const exchange = { rewrite, settings, seed, turn }
  const { layers, kept } = await withVariants(stored, exchange, options)
  if (layers.length === 0) throw nothingToSwap(refused, kept)
  const result = await exchanged(model, layers, exchange, (done) =>
    progress?.({ what: 'rewriting', done, total: layers.length, unit: 'layers' }),
  )
  return { ...result, kept: [...others.kept, ...kept], refused }
}

/** @throws KerfError `bad-target` */
function checkTarget({ name, variants }: Rewrite, { target }: RewriteOptions): void {
  if (target && !variants)
    throw new KerfError(
      'bad-target',
      `The rewrite ${name} makes one thing of a layer: there is nothing for a target to choose. Leave it out, and choose layers (--layers).`,
      { rewrite: name },
    )
}

/** @throws KerfError `unsupported-opset`, `quantised` */
export function checkModel({ model, stored }: Analysis, { title, opset: first = 1 }: Rewrite): void {
  const opset = opsetOf(model.opsetImports, '')
  if (opset < first)
    throw new KerfError(
      'unsupported-opset',
      `A network with ${title} takes opset ${first} or higher; the model has ${opset}. Convert it first (onnx.version_converter).`,
      { opset },
    )
  const codes = quantisedWeight(stored)
  if (codes !== undefined)
    throw new KerfError(
      'quantised',
      `The network is quantised: the weight "${codes}" holds codes of few bits, made for the values that its layers see now. Swap the network that it was made of, and quantise what comes out (kerf quantize).`,
      { weight: codes },
    )
}
