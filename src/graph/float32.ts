import { byteLengthOf, elementCount, getOrAdd, type HalfType, isHalf, widenHalves } from '../base/index.ts'
import type { Attribute, FunctionDefinition, Graph, Model, Node, Tensor, ValueInfo } from './model.ts'

/*
 * A model of 16-bit floats as one of float32, which holds every half exactly: for what looks at images or learns, where halves would round each step.
 * Casts between the two become Casts of float32 to itself.
 */

/** TensorProto.DataType: FLOAT, FLOAT16, BFLOAT16. */
const [float, ...halves] = [1, 10, 16]
/** Attributes that name an element type. */
const typeAttributes: ReadonlySet<string> = new Set(['to', 'dtype', 'output_dtype'])

/** @returns the same model where it holds no 16-bit floats */
export function inFloat32(model: Model): Model {
  const graph = widenGraph(model.graph)
  const functions = unlessSame(model.functions, widenFunction)
  return graph === model.graph && functions === model.functions ? model : { ...model, graph, functions }
}

function widenGraph(graph: Graph): Graph {
  const made = {
    inputs: unlessSame(graph.inputs, widenInfo),
    outputs: unlessSame(graph.outputs, widenInfo),
    initializers: inMap(graph.initializers, widenTensor),
    valueInfo: inMap(graph.valueInfo, widenInfo),
    nodes: unlessSame(graph.nodes, widenNode),
  }
  return Object.entries(made).every(([key, value]) => graph[key as keyof typeof made] === value)
    ? graph
    : { ...graph, ...made }
}

function widenInfo(info: ValueInfo): ValueInfo {
  const { type } = info
  return type?.kind === 'tensor' && isHalf(type.elementType)
    ? { ...info, type: { ...type, elementType: 'float32' } }
    : info
}

function widenNode(node: Node): Node {
  const attributes = inMap(node.attributes, (attribute, name) => widenAttribute(attribute, name, node))
  return attributes === node.attributes ? node : { ...node, attributes }
}

function widenAttribute(attribute: Attribute, name: string, { opType }: Pick<Node, 'opType'>): Attribute {
  switch (attribute.kind) {
    case 'int':
      return typeAttributes.has(name) && halves.includes(Number(attribute.value))
        ? { ...attribute, value: float! }
        : attribute
    case 'string':
      // Before opset 6.
      return opType === 'Cast' && name === 'to' && attribute.value === 'FLOAT16'
        ? { ...attribute, value: 'FLOAT' }
        : attribute
    case 'tensor':
      return replaced(attribute, widenTensor(attribute.value))
    case 'tensors':
      return replaced(attribute, unlessSame(attribute.value, widenTensor))
    case 'graph':
      return replaced(attribute, widenGraph(attribute.value))
    case 'graphs':
      return replaced(attribute, unlessSame(attribute.value, widenGraph))
    default:
      return attribute
  }
}

function widenFunction(definition: FunctionDefinition): FunctionDefinition {
  const nodes = unlessSame(definition.nodes, widenNode)
  return nodes === definition.nodes ? definition : { ...definition, nodes }
}

const replaced = <V, A extends { readonly value: V }>(attribute: A, value: V): A =>
  value === attribute.value ? attribute : { ...attribute, value }

function unlessSame<T>(list: readonly T[], of: (item: T) => T): readonly T[] {
  const made = list.map(of)
  return made.every((item, i) => item === list[i]) ? list : made
}

function inMap<T>(map: ReadonlyMap<string, T>, of: (item: T, name: string) => T): ReadonlyMap<string, T> {
  const made = [...map].map(([name, item]) => [name, of(item, name)] as const)
  return made.every(([name, item]) => item === map.get(name)) ? map : new Map(made)
}

/** A stored tensor of halves as one of float32 whose bytes are made as they are read, piece by piece where the source allows. */
export function widenTensor(tensor: Tensor): Tensor {
  const { elementType } = tensor
  return isHalf(elementType) ? getOrAdd(widened, tensor, () => widen(tensor, elementType)) : tensor
}

/** One for each, so that plans of one model know that their weights are the same. */
const widened = new WeakMap<Tensor, Tensor>()

function widen(tensor: Tensor, elementType: HalfType): Tensor {
  const { shape, data } = tensor
  const count = elementCount(shape)!
  return {
    ...tensor,
    elementType: 'float32',
    data: {
      byteLength: byteLengthOf('float32', count),
      streamed: data.streamed,
      bytes(offset = 0, length = 4 * count - offset, into) {
        const halves = data.bytes(offset / 2, length / 2)
        // A copy where they start at an odd byte.
        const { buffer, byteOffset } = halves.byteOffset % 2 === 0 ? halves : new Uint8Array(halves)
        const room = into && into.byteLength >= length ? into : new ArrayBuffer(length)
        const floats = new Float32Array(room, 0, length / 4)
        widenHalves(elementType, new Uint16Array(buffer, byteOffset, length / 4), floats)
        return new Uint8Array(room, 0, length)
      },
    },
  }
}
