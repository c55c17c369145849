import type { Layer } from '../../cost/index.ts'
import { type Block, blocksOf } from '../block-table.ts'
import type { Fold } from './fold.ts'
import { repeated } from './repetition.ts'
import { byWeights, inStretches } from './stretches.ts'
import { Wiring } from './wiring.ts'

/*
 * What a network folds into: blocks by names, as modules have them; where names make none, what comes again and again; where nothing does, a layer with MACs and
 * what runs behind it; and where that is still too much, stretches between places that few values pass.
 */

/** From so many on, layers of a list go to the one with MACs in front of them. */
const crowded = 40

const known = new WeakMap<readonly Layer[], readonly Fold[]>()

/**
 * The outermost folds of a network, in the order in which they run. Made once for each list of layers.
 * @param layers in the order in which they run
 */
export function foldsOf(layers: readonly Layer[]): readonly Fold[] {
  const before = known.get(layers)
  if (before) return before
  const wiring = new Wiring(layers)
  const blocks = blocksOf(layers)
  // One block that holds everything says nothing.
  const [only, ...others] = blocks
  const outermost = only && others.length === 0 ? innermost(only).blocks : []
  const folds = readable(
    (outermost.length > 0 ? outermost : blocks).map((b) => foldOf(b, wiring)),
    wiring,
  )
  known.set(layers, folds)
  return folds
}

function foldOf(block: Block, wiring: Wiring): Fold {
  const { path, layers, blocks } = innermost(block)
  const parts = layers.length > 1 ? blocks.map((b) => foldOf(b, wiring)) : []
  return { path, layers, parts: readable(parts, wiring) }
}

/** A block that holds nothing but another one is opened at once. */
function innermost(block: Block): Block {
  const [only, ...others] = block.blocks
  return block.layers.length > 1 && only && others.length === 0 ? innermost(only) : block
}

function readable(list: readonly Fold[], wiring: Wiring): readonly Fold[] {
  const folds = repeated(list, wiring, (parts) => readable(parts, wiring))
  return inStretches(folds.length > crowded ? byWeights(folds) : folds, wiring)
}

/** A fold that is shown, and the opened blocks that it lies in, from the outermost. */
export interface ShownFold extends Fold {
  readonly inside: readonly string[]
}

/** What is shown where these blocks are open. The outermost have depth 1. */
export function shownOf(folds: readonly Fold[], isOpen: (fold: Fold, depth: number) => boolean): ShownFold[] {
  const walk = (list: readonly Fold[], inside: readonly string[]): ShownFold[] =>
    list.flatMap((fold) =>
      fold.parts.length > 0 && isOpen(fold, inside.length + 1)
        ? walk(fold.parts, [...inside, fold.path])
        : [{ ...fold, inside }],
    )
  return walk(folds, [])
}

/** Everything opened to one depth: the largest with no more than `most`, or the first. */
export function shownWithin(folds: readonly Fold[], most: number): ShownFold[] {
  let shown = shownOf(folds, () => false)
  for (let depth = 1; ; depth++) {
    const next = shownOf(folds, (_, own) => own <= depth)
    if (next.length > most || next.length === shown.length) return shown
    shown = next
  }
}
