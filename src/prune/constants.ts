import { elementCount, KerfError } from '../base/index.ts'
import { type Dense, type Inference, type Model, producersOf, type Tensor, tensorValues } from '../graph/index.ts'

/** Where constants come from: a part of a channel trace. */
export interface Constants {
  readonly model: Model
  readonly inference: Inference
  readonly stored: ReadonlyMap<string, Tensor>
}

/**
 * The content of a value that depends on stored tensors alone, of any size: a weight as its layer reads it, after Transpose,
 * DequantizeLinear and the like.
 * @param zeroed a stored tensor to be taken as all zeros
 * @throws KerfError `not-constant` when an operator on the way has no reference implementation
 */
export function constantContent(constants: Constants, value: string, zeroed?: string): Dense {
  const { model, inference, stored } = constants
  const tensor = stored.get(value)
  if (tensor) {
    const data = value === zeroed ? new Float64Array(elementCount(tensor.shape) as number) : tensorValues(tensor)
    return { elementType: tensor.elementType, shape: tensor.shape, data }
  }
  const node = producersOf(model.graph).get(value)
  const known = node && inference.calls.get(node)
  if (!node || !known?.operator.forward)
    throw new KerfError(
      'not-constant',
      `The content of "${value}" is needed, and cannot be computed before the model runs.`,
    )
  const inputs = node.inputs.map((name) => (name === '' ? undefined : constantContent(constants, name, zeroed)))
  return known.operator.forward(known.call, inputs)[node.outputs.indexOf(value)] as Dense
}

/** Whether zeros in a stored tensor arrive as zeros in what is computed from it: masking there is then masking here. */
export function keepsZeros(constants: Constants, value: string, tensor: string): boolean {
  return value === tensor || Array.from(constantContent(constants, value, tensor).data).every((v) => v === 0)
}
