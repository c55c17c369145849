import { KerfError } from '../../base/index.ts'
import { type Analysis, type Model, type ValueInfo, withoutDeadCode } from '../../graph/index.ts'
import type { Unit } from '../../prune/index.ts'

/** One layer of a network as a network of its own: its inputs and outputs are those of the layer, in the shapes that they have there. */
export function layerNetwork({ model, values, constants }: Analysis, { nodes, inputs, outputs }: Unit): Model {
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
