import { isConcrete } from '../../base/index.ts'
import { type Analysis, producersOf } from '../../graph/index.ts'
import type { PruneResult } from '../../prune/index.ts'

/** A value of both networks that is compared, and what of it survives, by axis. */
export interface Compared {
  readonly name: string
  readonly surviving: ReadonlyMap<number, Int32Array>
}

/**
 * Which values show that masked and cut network agree: the outputs, or what comes into the saturating functions that they end with. A Sigmoid at −14
 * gives 1e-6, whatever comes in: there differences of the cut vanish, and rounding of the Sigmoid itself, as large as 1e-7 in some runtimes, is a part
 * of the output that would count as a difference. In front of it both are what they are. Data that are only moved behind are followed back.
 */
export function comparedValues({ analysis, ...result }: PruneResult): Compared[] {
  const others = producersOf(result.model.graph)
  const found = analysis.model.graph.outputs.map(({ name }): Compared => {
    const before = beforeSaturation(name, analysis)
    const shape = analysis.values.get(before)?.shape
    // Channels may have been moved behind it: what it keeps is known of it alone.
    return before !== name && others.has(before) && isConcrete(shape)
      ? { name: before, surviving: survivingOf(before, shape, result) }
      : { name, surviving: result.outputs.get(name) ?? new Map() }
  })
  return [...new Map(found.map((c) => [c.name, c])).values()]
}

const survivingOf = (value: string, shape: readonly number[], { kept }: Pick<PruneResult, 'kept'>) =>
  new Map(
    shape.flatMap((_, axis) => {
      const indices = kept(value, axis)
      return indices ? [[axis, indices] as const] : []
    }),
  )

function beforeSaturation(output: string, { producers, calls, constants }: Analysis): string {
  let found = output
  for (let name = output; ; ) {
    const node = producers.get(name)
    const operator = node && calls.get(node)?.operator
    const isData = node?.inputs.slice(1).every((i) => constants.has(i)) && !constants.has(node.inputs[0] ?? '')
    if (!node || !operator || !isData || node.outputs.length > 1) return found
    if (!operator.saturates && operator.cost !== 'none') return found
    name = node.inputs[0]!
    if (operator.saturates) found = name
  }
}
