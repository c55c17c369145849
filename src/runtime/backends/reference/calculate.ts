import type { MemoryBudget } from '../../../base/index.ts'
import {
  callOf,
  checkOutputs,
  type Dense,
  type Node,
  nodeLabel,
  type Operator,
  runForward,
} from '../../../graph/index.ts'
import { UnsupportedError } from '../../../plan/index.ts'

/**
 * One node by its operator's scalar definition.
 * @param operator the node's, where it is known
 * @param opset version of the operator set of the node's domain
 * @param memory of whoever holds the values
 * @throws UnsupportedError where there is none; NodeError where shapes do not fit; KerfError `out-of-memory`
 */
export function calculate(
  operator: Operator | undefined,
  node: Node,
  opset: number,
  inputs: readonly (Dense | undefined)[],
  memory?: MemoryBudget,
): readonly Dense[] {
  const unsupported = (why: string) => new UnsupportedError(node.domain, node.opType, nodeLabel(node), why)
  if (!operator) throw unsupported('the operator is not known')
  if (inputs.some((x) => x?.elementType === 'string')) throw unsupported('strings are not calculated with')
  const known = inputs.map((x) => x && { elementType: x.elementType, shape: x.shape, value: x })
  const call = callOf(operator, node, opset, known)
  const inferred = operator.infer(call)
  checkOutputs(call, inferred)
  // Shape and its like answer from the inputs' shapes alone.
  const results =
    runForward(operator, { ...call, outputs: inferred }, inputs, memory) ??
    inferred.flatMap((output) => output?.value ?? [])
  if (node.outputs.every((name, i) => name === '' || results[i])) return results
  throw unsupported(
    operator.forward ? 'it has no scalar reference for these types and attributes' : 'it has no scalar reference',
  )
}
