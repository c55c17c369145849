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

/** Where channels are: tensors whose first axis is theirs, and values. */
interface OrderedBehind {
  readonly tensors: readonly string[]
  readonly values: readonly string[]
}

/** Up to the convolution that makes the channels; undefined where the order of these cannot be changed. */
function orderedBehind(
  value: string,
  channels: number,
  producerOf: (value: string) => Node | undefined,
): OrderedBehind | undefined {
  const tensors: string[] = []
  const values: string[] = []
  for (let node = producerOf(value); node; node = producerOf(node.inputs[0] ?? '')) {
    values.push(...node.outputs)
    const stored = node.inputs.slice(1).filter((name) => name !== '')
    if (node.opType === 'BatchNormalization' && node.domain === '') tensors.push(...stored)
    else if (node.opType === 'Conv' && node.domain === '') {
      const groups = new AttributeReader(node).size('group', 1, 1)
      tensors.push(...stored)
      if (groups === 1) return { tensors, values }
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
  const found = orderedBehind(value, channels, (name) => (isReadOnce(name) ? producers.get(name) : undefined))
  const { tensors } = found ?? {}
  return (
    tensors?.every((name) => model.graph.initializers.has(name) && isReadOnce(name)) === true &&
    tensors.every((name) => model.graph.initializers.get(name)!.shape[0] === channels)
  )
}

/**
 * Stores the channels of a value that is orderable in another order.
 * @param order for each place, which channel comes there
 * @returns the values that hold them so from now on
 */
export function reorderChannels(editor: GraphEditor, value: string, order: readonly number[]): readonly string[] {
  const producers = new Map(editor.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const { tensors = [], values = [] } = orderedBehind(value, order.length, (v) => producers.get(v)) ?? {}
  for (const name of tensors) {
    const tensor = editor.initializers.get(name)!
    const given = tensorValues(tensor)
    const size = given.length / order.length
    const moved = Float64Array.from(given, (_, i) => given[order[Math.floor(i / size)]! * size + (i % size)]!)
    editor.set(name, tensorOf(tensor.elementType, tensor.shape, moved))
  }
  return values
}
