import { type Analysis, editGraph, type Model } from '../../graph/index.ts'
import type { Outputs } from './feeds.ts'

const floats: ReadonlySet<string> = new Set(['float16', 'bfloat16', 'float32', 'float64'])

/**
 * The first value inside a network that is infinite: what makes NaN of outputs that would be numbers. Not an output itself, and not what is NaN without
 * anything infinite before it, which may be a fault of whoever runs it.
 * @param values of the network, as it was analysed
 * @param run runs a network on the input in question
 * @returns its name; undefined where there is none
 */
export async function firstInfinite(
  model: Model,
  { values }: Pick<Analysis, 'values'>,
  run: (model: Model) => Promise<Outputs>,
): Promise<string | undefined> {
  const { nodes } = model.graph
  const read = new Set(nodes.flatMap(({ inputs }) => inputs))
  const inside = nodes
    .flatMap(({ outputs }) => outputs)
    .filter((name) => read.has(name) && floats.has(values.get(name)?.elementType ?? ''))
  if (inside.length === 0) return undefined
  const results = await run(editGraph(model).setOutputs(inside).model())
  const first = inside.find((name) => results.get(name)?.values.some((v) => !Number.isFinite(v)))
  const isInfinite = first !== undefined && results.get(first)!.values.some((v) => Math.abs(v) === Infinity)
  return isInfinite ? first : undefined
}
