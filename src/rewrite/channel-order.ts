import { type Analysis, AttributeReader, type GraphEditor, type Node, tensorOf, tensorValues } from '../graph/index.ts'

/*
 * Channels of a value in another order, without a node that brings them there: where one layer alone reads a value, and it comes from a convolution by operators that treat
 * each channel for itself, the convolution's filters can be stored in that order, and whatever is stored for each channel on the way.
 */

/** Each channel for itself, whatever its place; one input counts, the others are none or single numbers. */
const channelwise = new Set([
  ...['Relu', 'Clip', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Softplus'],
  ...['Mish', 'Gelu', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'],
])

/** Names of the tensors whose first axis is that of the channels; undefined where the order of these cannot be changed. */
function tensorsBehind(
  value: string,
  channels: number,
  producerOf: (value: string) => Node | undefined,
): string[] | undefined {
  const found: string[] = []
  for (let node = producerOf(value); node; node = producerOf(node.inputs[0] ?? '')) {
    const stored = node.inputs.slice(1).filter((name) => name !== '')
    if (node.opType === 'BatchNormalization' && node.domain === '') found.push(...stored)
    else if (node.opType === 'Conv' && node.domain === '') {
      const groups = new AttributeReader(node).size('group', 1, 1)
      found.push(...stored)
      if (groups === 1) return found
      // A depthwise convolution keeps the order of what it reads; other groups mix what must stay together.
      if (groups !== channels) return undefined
    } else if (!channelwise.has(node.opType) || node.domain !== '') return undefined
  }
  return undefined
}

/** Whether the channels of what a layer reads can be stored in any order. */
export function isOrderable({ model, producers, consumers, values }: Analysis, value: string): boolean {
  const channels = values.get(value)?.shape?.[1]
  if (typeof channels !== 'number') return false
  const outputs = new Set(model.graph.outputs.map((o) => o.name))
  const isReadOnce = (name: string) => consumers.get(name)?.length === 1 && !outputs.has(name)
  const tensors = tensorsBehind(value, channels, (name) => (isReadOnce(name) ? producers.get(name) : undefined))
  return (
    tensors?.every((name) => model.graph.initializers.has(name) && isReadOnce(name)) === true &&
    tensors.every((name) => model.graph.initializers.get(name)!.shape[0] === channels)
  )
}

/**
 * Stores the channels of a value that is orderable in another order.
 * @param order for each place, which channel comes there
 */
export function reorderChannels(editor: GraphEditor, value: string, order: readonly number[]): void {
  const producers = new Map(editor.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  for (const name of tensorsBehind(value, order.length, (v) => producers.get(v)) ?? []) {
    const tensor = editor.initializers.get(name)!
    const values = tensorValues(tensor)
    const size = values.length / order.length
    const moved = Float64Array.from(values, (_, i) => values[order[Math.floor(i / size)]! * size + (i % size)]!)
    editor.set(name, tensorOf(tensor.elementType, tensor.shape, moved))
  }
}
