import { isConcrete } from '../base/index.ts'
import { capturedNames, type Node, subgraphsOf } from '../graph/index.ts'
import { permutation } from '../ops/index.ts'
import type { Prepared, Unit } from './units.ts'

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

export function findShuffles(prepared: Prepared): Shuffles {
  const starts = new Map<Node, Shuffle>()
  const absorbed = new Set<Node>()
  const onlyReader = onlyReaders(prepared)
  for (const first of prepared.units) {
    if (!is(first, 'Reshape')) continue
    const second = onlyReader(first)
    const third = second && is(second, 'Transpose') && onlyReader(second)
    if (!second || !third || !is(third, 'Reshape')) continue
    const [x, split, y] = [first.call.inputs[0], first.call.outputs[0], third.call.outputs[0]]
    if (!isConcrete(x?.shape) || !isConcrete(split?.shape) || !isConcrete(y?.shape) || x.elementType !== 'float32')
      continue
    const [batch, channels, ...spatial] = x.shape
    const [, groups = 0, size = 0] = split.shape
    const perm = permutation(second.call as never, split.shape.length)
    if (
      spatial.length > 0 &&
      groups * size === channels &&
      split.shape.join() === [batch, groups, size, ...spatial].join() &&
      perm.every((axis, i) => axis === (i === 1 ? 2 : i === 2 ? 1 : i)) &&
      y.shape.join() === x.shape.join()
    ) {
      starts.set(first.node, { groups, result: third.node.outputs[0]! })
      absorbed.add(second.node).add(third.node)
    }
  }
  return { starts, absorbed }
}

const is = ({ node }: Unit, opType: string): boolean => node.domain === '' && node.opType === opType

/** The one unit that reads a unit's first output, as its first input; undefined where others do or it is a graph output. */
function onlyReaders({ units, model }: Prepared): (unit: Unit) => Unit | undefined {
  const readers = new Map<string, (Unit | undefined)[]>()
  const add = (name: string, unit: Unit | undefined): void => {
    readers.set(name, [...(readers.get(name) ?? []), unit])
  }
  for (const unit of units) {
    for (const [i, name] of unit.node.inputs.entries()) add(name, i === 0 ? unit : undefined)
    for (const body of subgraphsOf(unit.node)) for (const name of capturedNames(body)) add(name, undefined)
  }
  for (const { name } of model.graph.outputs) add(name, undefined)
  return ({ node }) => {
    const found = readers.get(node.outputs[0]!) ?? []
    return found.length === 1 ? found[0] : undefined
  }
}
