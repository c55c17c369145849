import {
  attributeOf,
  editGraph,
  type Model,
  type OperatorSet,
  simplified,
  type Tensor,
  tensorOf,
} from '../../graph/index.ts'
import { operators as allOperators } from '../../ops/index.ts'
import type { MovedInput } from './training-graph.ts'

/** What a stored tensor has become. */
export interface TrainedTensor {
  readonly shape: readonly number[]
  /** Copied. */
  readonly data: Float32Array
}

/**
 * The model with other weights and statistics, and nothing else changed: names, nodes, order, metadata, and what Kerf does not understand.
 * Where weights stand inside a model-local function, which may be called several times, the calls are inlined.
 * @param values by the names of the training graph
 * @param moved statistics that get a tensor of their own
 */
export function trainedModel(
  given: Model,
  values: ReadonlyMap<string, TrainedTensor>,
  moved: readonly MovedInput[] = [],
  operators: OperatorSet = allOperators,
): Model {
  const model = hasAll(given, values, moved) ? given : simplified(given, operators)
  const editor = editGraph(model)
  for (const [name, { docString }] of model.graph.initializers) {
    const trained = values.get(name)
    if (trained) editor.set(name, { ...tensorFrom(trained), docString })
  }
  const own = new Set(moved.map((m) => m.name))
  return editor
    .rewrite((node) => {
      const [output = ''] = node.outputs
      const trained = own.has(output) ? undefined : values.get(output)
      // A Constant holds its tensor itself; what makes one from its inputs (ConstantOfShape) gives way to an initializer.
      if (trained && node.inputs.length === 0)
        return { ...node, attributes: new Map([['value', attributeOf(tensorFrom(trained))]]) }
      if (trained) {
        editor.set(output, tensorFrom(trained))
        return []
      }
      const inputs = [...node.inputs]
      for (const { reader, input, name } of moved)
        if (reader === output) {
          inputs[input] = name
          editor.set(name, tensorFrom(values.get(name)!))
        }
      return inputs.every((name, i) => name === node.inputs[i]) ? node : { ...node, inputs }
    })
    .model()
}

const tensorFrom = ({ shape, data }: TrainedTensor): Tensor => tensorOf('float32', shape, data)

function hasAll({ graph }: Model, values: ReadonlyMap<string, unknown>, moved: readonly MovedInput[]): boolean {
  const known = new Set([
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((n) => n.outputs),
    ...moved.map((m) => m.name),
  ])
  const readers = new Set(graph.nodes.map((n) => n.outputs[0]))
  return [...values.keys()].every((name) => known.has(name)) && moved.every((m) => readers.has(m.reader))
}
