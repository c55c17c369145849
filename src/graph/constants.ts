import { bitsPerElement, elementCount, getOrAdd, KerfError } from '../base/index.ts'
import type { Analysis } from './analysis.ts'
import type { Dense } from './call.ts'
import type { Tensor } from './model.ts'
import { runForward } from './operator.ts'
import { readValues } from './tensor.ts'

/** What of an analysis says what constants hold. */
export type Constants = Pick<Analysis, 'values' | 'calls' | 'constants' | 'stored' | 'producers'>

/**
 * The content of a value that depends on stored tensors alone, of any size: a weight as its layer reads it, after Transpose,
 * DequantizeLinear and the like.
 * @param zeroed a stored tensor to be taken as all zeros
 * @throws KerfError `not-constant` when an operator on the way has no reference implementation
 */
export function constantContent(constants: Constants, value: string, zeroed?: string): Dense {
  const { values, calls, stored } = constants
  // What several nodes read is made once.
  const made = new Map<string, Dense>()
  const contentOf = (name: string): Dense => getOrAdd(made, name, () => make(name))
  const make = (name: string): Dense => {
    const tensor = stored.get(name)
    if (tensor) {
      const data = name === zeroed ? new Float64Array(elementCount(tensor.shape)!) : readValues(tensor)
      return { elementType: tensor.elementType, shape: tensor.shape, data }
    }
    // Most values are stored: who produces the others is asked only then.
    const node = constants.producers.get(name)
    const known = node && calls.get(node)
    if (node && known?.operator.forward) {
      const inputs = node.inputs.map((input) => (input === '' ? undefined : contentOf(input)))
      const content = runForward(known.operator, known.call, inputs)?.[node.outputs.indexOf(name)]
      if (content) return content
    }
    // What follows from shapes alone (Shape, Size) was found out by inference.
    const inferred = values.get(name)?.value
    if (inferred) return inferred
    throw new KerfError(
      'not-constant',
      `The content of "${name}" is needed, and cannot be computed before the model runs.`,
    )
  }
  return contentOf(value)
}

/** The name of a stored tensor of several axes that holds codes of at most 8 bits, as the weights of quantised networks do; undefined where there is none. */
export function quantisedWeight(stored: ReadonlyMap<string, Tensor>): string | undefined {
  const isCode = ({ elementType, shape }: Tensor) =>
    shape.length > 1 && elementType !== 'bool' && elementType !== 'string' && bitsPerElement(elementType) <= 8
  return [...stored].find(([, tensor]) => isCode(tensor))?.[0]
}
