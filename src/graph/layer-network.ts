import { KerfError } from '../base/index.ts'
import type { Analysis } from './analysis.ts'
import type { Model, Node, ValueInfo } from './model.ts'
import { withoutDeadCode } from './traverse.ts'

/** Some nodes of a network. */
export interface GraphPart {
  readonly nodes: readonly Node[]
  /** The values that they read: activations, no constants. */
  readonly inputs: readonly string[]
  /** The values that others read. */
  readonly outputs: readonly string[]
}

/**
 * Some nodes of a network as a network of their own, in the shapes that they have there.
 * @throws KerfError `unknown-shape` where these are open
 */
export function layerNetwork({ model, values, constants }: Analysis, { nodes, inputs, outputs }: GraphPart): Model {
  const own = new Set(nodes)
  const info = (name: string): ValueInfo => {
    const known = values.get(name)
    if (!known?.elementType || !known.shape)
      throw new KerfError(
        'unknown-shape',
        `The shape of "${name}" is not known before the model runs, so the layer cannot be timed.`,
        {
          value: name,
        },
      )
    return { name, type: { kind: 'tensor', elementType: known.elementType, shape: known.shape } }
  }
  const { graph } = model
  return {
    ...model,
    graph: withoutDeadCode({
      ...graph,
      // Constants may be made by nodes.
      nodes: graph.nodes.filter((n) => own.has(n) || n.outputs.some((o) => constants.has(o))),
      inputs: inputs.map(info),
      outputs: outputs.map(info),
      valueInfo: new Map(),
    }),
  }
}
