import { bitsPerElement, byteLengthOf, elementCount, KerfError, MemoryBudget } from '../base/index.ts'
import type { Analysis } from './analysis.ts'
import { bytesOfDense, type Dense } from './call.ts'
import { runForward } from './forward.ts'
import type { Tensor } from './model.ts'
import { readValues } from './tensor.ts'
import { sourcesFirst } from './traverse.ts'

/** What of an analysis says what constants hold. */
export type Constants = Pick<Analysis, 'values' | 'calls' | 'constants' | 'stored' | 'producers'>

/**
 * The content of a `value` that depends on stored tensors alone, of any size: a weight as its layer reads it, after Transpose,
 * DequantizeLinear and the like.
 * @param constants an analysis, or what is prepared of a plan
 * @param zeroed a stored tensor to be taken as all zeros
 * @throws KerfError `not-constant` when an operator on the way has no reference implementation
 */
export function constantContent(constants: Constants, value: string, zeroed?: string): Dense {
  const { values, calls, stored } = constants
  // What several nodes read is made once.
  const made = new Map<string, Dense>()
  const memory = new MemoryBudget()
  // Most values are stored: who produces the others is asked only then.
  const maker = (name: string) => {
    const node = stored.has(name) ? undefined : constants.producers.get(name)
    const known = node && calls.get(node)
    return node && known?.operator.forward ? { node, ...known } : undefined
  }
  const make = (name: string): Dense => {
    const tensor = stored.get(name)
    if (tensor) {
      const { elementType, shape } = tensor
      const count = elementCount(shape)!
      memory.ask(byteLengthOf(elementType, count), `The constant "${name}"`)
      return { elementType, shape, data: name === zeroed ? new Float64Array(count) : readValues(tensor) }
    }
    const by = maker(name)
    if (by) {
      const inputs = by.node.inputs.map((input) => made.get(input))
      const content = runForward(by.operator, by.call, inputs, memory)?.[by.node.outputs.indexOf(name)]
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
  for (const name of sourcesFirst(value, (of) => maker(of)?.node.inputs.filter((input) => input !== '') ?? [])) {
    const content = make(name)
    memory.take(bytesOfDense(content), `The constant "${name}"`)
    made.set(name, content)
  }
  return made.get(value)!
}

/** The name of a stored tensor of several axes that holds codes of at most 8 bits, as the weights of quantised networks do; undefined where there is none. */
export function quantisedWeight(stored: ReadonlyMap<string, Tensor>): string | undefined {
  const isCode = ({ elementType, shape }: Tensor) =>
    shape.length > 1 && elementType !== 'bool' && elementType !== 'string' && bitsPerElement(elementType) <= 8
  return [...stored].find(([, tensor]) => isCode(tensor))?.[0]
}
