import { isConcrete } from '../base/index.ts'
import { matched, type Node, op, value } from '../graph/index.ts'
import { permutation } from '../ops/index.ts'
import type { Prepared } from './units.ts'

/*
 * Channel shuffles (ShuffleNet, Zhang et al., 2017), which ONNX files write as three nodes:
 *
 *   [N, g·s, spatial…] → Reshape [N, g, s, spatial…] → Transpose to [N, s, g, spatial…] → Reshape [N, s·g, spatial…]
 *
 * Taken together they only put channels in another order: channel i·g + j of the result is channel j·s + i.
 */

export interface Shuffle {
  readonly groups: number
  /** What the last node makes. */
  readonly result: string
}

export interface Shuffles {
  /** By the first node of each. */
  readonly starts: ReadonlyMap<Node, Shuffle>
  /** The nodes behind the first ones. */
  readonly absorbed: ReadonlySet<Node>
}

const inOrder = op('Reshape', [value('x')], { as: 'split', alone: true })
const shuffle = op('Reshape', [op('Transpose', [inOrder], { as: 'turned', alone: true })])

export function findShuffles(prepared: Prepared): Shuffles {
  const starts = new Map<Node, Shuffle>()
  const absorbed = new Set<Node>()
  const { producers, values, calls } = prepared
  for (const { node: last } of prepared.units) {
    const [result = ''] = last.outputs
    const found = matched(prepared, result, shuffle)
    if (!found) continue
    const [x, split, y] = [found.get('x')!, found.get('split')!, result].map((name) => values.get(name))
    if (!isConcrete(x?.shape) || !isConcrete(split?.shape) || !isConcrete(y?.shape) || x.elementType !== 'float32')
      continue
    const [batch, channels, ...spatial] = x.shape
    const [, groups = 0, size = 0] = split.shape
    const turn = producers.get(found.get('turned')!)!
    const perm = permutation(calls.get(turn)!.call as never, split.shape.length)
    if (
      spatial.length > 0 &&
      groups * size === channels &&
      split.shape.join() === [batch, groups, size, ...spatial].join() &&
      perm.every((axis, i) => axis === (i === 1 ? 2 : i === 2 ? 1 : i)) &&
      y.shape.join() === x.shape.join()
    ) {
      starts.set(producers.get(found.get('split')!)!, { groups, result })
      absorbed.add(turn).add(last)
    }
  }
  return { starts, absorbed }
}
