import { elementCount, KerfError } from '../base/index.ts'
import type { Inference } from './infer.ts'
import type { Model, Tensor } from './model.ts'
import type { Dense } from './operator.ts'
import { tensorValues } from './tensor.ts'
import { producersOf } from './traverse.ts'

/** A model with what is known of it, and every tensor that it stores (`storedTensors`). */
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
