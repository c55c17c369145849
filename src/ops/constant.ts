import type { ElementType } from '../base/index.ts'
import { type AttributeReader, type Dense, type Tensor, tensorOf, tensorValues } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { dense, typed, wrong } from './shared/check.ts'

/** What a Constant node holds; `data` is absent where the content is no numbers (strings) or sits in a tensor. */
interface ConstantAttributes {
  readonly tensor?: Tensor
  readonly elementType?: ElementType
  readonly shape?: readonly number[]
  readonly data?: readonly number[]
}

function constantAttributes(a: AttributeReader): ConstantAttributes {
  const tensor = a.tensor('value') ?? a.tensor('sparse_value')
  if (tensor) return { tensor, elementType: tensor.elementType, shape: tensor.shape }
  const int = a.int('value_int')
  if (int !== undefined) return { elementType: 'int64', shape: [], data: [int] }
  const float = a.float('value_float')
  if (float !== undefined) return { elementType: 'float32', shape: [], data: [float] }
  const ints = a.ints('value_ints')
  if (ints) return { elementType: 'int64', shape: [ints.length], data: ints }
  const floats = a.floats('value_floats')
  if (floats) return { elementType: 'float32', shape: [floats.length], data: floats }
  if (a.has('value_string')) return { elementType: 'string', shape: [] }
  const strings = a.node.attributes.get('value_strings')
  if (strings?.kind === 'strings') return { elementType: 'string', shape: [strings.value.length] }
  return {}
}

function content({ tensor, elementType, shape, data }: ConstantAttributes): Dense[] {
  if (tensor && tensor.elementType !== 'string') return [dense(tensor.elementType, tensor.shape, tensorValues(tensor))]
  return elementType && shape && data ? [dense(elementType, shape, data)] : []
}

/** A tensor stored in the node (ONNX Constant). Its bytes are read only when somebody asks for the content. */
export const constant = defineOperator({
  name: 'Constant',
  inputs: [],
  attributes: constantAttributes,
  infer: (call) => {
    const { elementType, shape } = call.attributes
    if (!elementType) throw wrong(call, 'it has no value', 'Export the model again.')
    return [typed(elementType, shape)]
  },
  forward: (call) => content(call.attributes),
  stored: ({ attributes: { tensor, elementType, shape, data } }) =>
    tensor ?? (elementType && shape && data ? tensorOf(elementType, shape, data) : undefined),
  cost: 'none',
  accesses: 'view',
})
