// Which outputs of a network have only numbers behind them with which float32 can be trusted.

import { KerfError } from '../src/base/index.ts'
import { type Model, simplified, tensorValues, usedNames } from '../src/graph/index.ts'
import { runnableOperators } from '../src/ops/index.ts'
import { type HostTensor, hostTensor, hostValues, isHostElementType, referenceRun } from '../src/runtime/index.ts'
import type { Feed } from '../src/workflow/index.ts'

/**
 * The kernels add in float32, as ONNX Runtime does, the reference in float64: where products or sums leave float32, one has Infinity or NaN and the other a
 * number that both are right to give. Of numbers up to this large neither cubes nor hundreds of them added leave it, and agreement can be asked for.
 */
export const largest = 1e12

/** What lies behind the outputs of a network, by their names. */
export interface Reach {
  /** A number that is larger than `largest`, or infinite. */
  readonly beyond: ReadonlySet<string>
  /** Something that is no number. */
  readonly nan: ReadonlySet<string>
}

const isFloat = (elementType: string): boolean => /^b?float/.test(elementType)

/** Looks at every number of a network: stored, and as the reference calculates it, which has no kernel's mistakes. */
export function reachOf(model: Model, feeds: readonly Feed[]): Reach {
  const inputShapes = new Map(feeds.map((f) => [f.name, f.shape]))
  const plain = simplified(model, runnableOperators, { inputShapes, trustsFile: false })
  const { initializers, nodes, outputs } = plain.graph
  const tensors = new Map(
    feeds.flatMap(({ name, elementType, shape, values }): [string, HostTensor][] =>
      isHostElementType(elementType) ? [[name, hostTensor(elementType, shape, values)]] : [],
    ),
  )
  const beyond = new Set<string>()
  const nan = new Set<string>()
  const look = (name: string, values: ArrayLike<number>): void => {
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) nan.add(name)
      else if (Math.abs(values[i]!) > largest) beyond.add(name)
    }
  }
  for (const [name, tensor] of initializers) if (isFloat(tensor.elementType)) look(name, tensorValues(tensor))
  const made = nodes.flatMap((node) => node.outputs).filter((name) => name !== '')
  for (const [name, value] of valuesOf(plain, tensors, made))
    if (isFloat(value.elementType)) look(name, hostValues(value))
  for (const node of nodes)
    for (const set of [beyond, nan])
      if (usedNames(node).some((name) => set.has(name))) for (const name of node.outputs) set.add(name)
  const ofOutputs = (set: ReadonlySet<string>) => new Set(outputs.flatMap(({ name }) => (set.has(name) ? [name] : [])))
  return { beyond: ofOutputs(beyond), nan: ofOutputs(nan) }
}

/** Values of these names; without those that cannot be put out, as sequences. */
function valuesOf(
  model: Model,
  feeds: ReadonlyMap<string, HostTensor>,
  names: readonly string[],
): readonly (readonly [string, HostTensor])[] {
  try {
    return [...referenceRun(model, feeds, { outputs: names })]
  } catch (error) {
    if (!(error instanceof KerfError)) throw error
    if (names.length < 2) return []
    const half = names.length >> 1
    return [names.slice(0, half), names.slice(half)].flatMap((some) => valuesOf(model, feeds, some))
  }
}
