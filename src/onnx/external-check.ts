import type { Attribute, Graph, Model, Node, Tensor } from '../graph/index.ts'
import { ExternalData } from './external.ts'

/** Every tensor of a model: initializers and attributes, in subgraphs and functions too. */
export function* tensorsOf(model: Model): Generator<Tensor, void> {
  yield* graphTensors(model.graph)
  for (const f of model.functions) {
    for (const a of f.defaults.values()) yield* attributeTensors(a)
    yield* nodeTensors(f.nodes)
  }
}

function* graphTensors(graph: Graph): Generator<Tensor, void> {
  yield* graph.initializers.values()
  yield* nodeTensors(graph.nodes)
}

function* nodeTensors(nodes: readonly Node[]): Generator<Tensor, void> {
  for (const node of nodes) for (const a of node.attributes.values()) yield* attributeTensors(a)
}

function* attributeTensors(a: Attribute): Generator<Tensor, void> {
  if (a.kind === 'tensor') yield a.value
  else if (a.kind === 'tensors') yield* a.value
  else if (a.kind === 'graph') yield* graphTensors(a.value)
  else if (a.kind === 'graphs') for (const g of a.value) yield* graphTensors(g)
}

/**
 * Looks, without reading them, whether all files that a model's weights lie in are there and long enough. Counting needs none of them;
 * whatever reads weights asks here first, so that it fails before it has done any work.
 * @throws KerfError `external-missing`, `external-too-short`, `path-escape`
 */
export function checkExternalData(model: Model): void {
  for (const tensor of tensorsOf(model)) if (tensor.data instanceof ExternalData) tensor.data.check()
}
