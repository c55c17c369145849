import { analyse, bindInputs, type Model, simplified } from '../graph/index.ts'
import { runnableOperators } from '../ops/index.ts'
import { rewriteOf } from './catalogue.ts'
import { isConvolution, layersOf } from './layers.ts'
import type { Rewrite } from './rewrite.ts'
import { checkModel, type RewriteOptions } from './rewrite-model.ts'
import { settingsFrom } from './settings.ts'

/** A layer, and what a rewrite says of it before anything is calculated. */
export interface SwappableLayer {
  /** Its name. */
  readonly node: string
  /** Why it stays as it is unless somebody asks for it; undefined where nothing is said against it. */
  readonly kept?: string
  /** Why it cannot be taken; undefined: it can. */
  readonly refused?: string
}

/**
 * Which layers a rewrite can take, and of the convolutions those that it cannot, with the reason; in the order of the nodes.
 * @param model a network
 * @param rewrite one of `rewrites` by its name, or one of your own
 * @param options what is set, and shapes of inputs that the file leaves open
 * @throws KerfError `unknown-rewrite`, `unknown-setting`, `bad-setting`, `quantised`, `unsupported-opset`
 */
export const swappableLayers = <S extends object>(
  model: Model,
  rewrite: string | Rewrite<S>,
  options: Pick<RewriteOptions<S>, 'settings' | 'inputs' | 'operators'> = {},
): readonly SwappableLayer[] => listed(model, rewriteOf(rewrite), options)

function listed(
  given: Model,
  rewrite: Rewrite,
  { operators = runnableOperators, inputs, settings }: Pick<RewriteOptions, 'settings' | 'inputs' | 'operators'>,
): readonly SwappableLayer[] {
  const set = settingsFrom(rewrite.name, rewrite.settings, settings)
  const found = analyse(simplified(given, operators), operators, inputs ? bindInputs(given.graph, inputs) : {})
  checkModel(found, rewrite)
  return layersOf(found).flatMap((layer): SwappableLayer[] => {
    const { name: node } = layer
    const refusal = rewrite.refusal(layer, set)
    if (!refusal) return [{ node, kept: rewrite.kept?.(layer) }]
    return isConvolution(layer) ? [{ node, refused: refusal.why }] : []
  })
}
