import { asOutOfMemory, elementCount, isInteger, MemoryBudget } from '../base/index.ts'
import type { Call, Dense, InferredCall } from './call.ts'
import { nodeLabel } from './model.ts'
import type { Operator } from './operator.ts'
import { wrong } from './signature.ts'

/**
 * The content of a node's outputs from that of its `inputs`, undefined for those left out.
 * @param call with the outputs' shapes where they are known: memory for them is asked for before it is taken
 * @param memory of whoever holds the values
 * @returns undefined where `operator` has no reference implementation, or none for this node as it is
 * @throws KerfError `out-of-memory`
 */
export function runForward(
  operator: Pick<Operator, 'forward'>,
  call: Call & Partial<Pick<InferredCall, 'outputs'>>,
  inputs: readonly (Dense | undefined)[],
  memory = new MemoryBudget(),
): readonly Dense[] | undefined {
  if (!operator.forward) return undefined
  const known = inputs.map((x) => x && { elementType: x.elementType, shape: x.shape, value: x })
  const what = `What ${call.node.opType} "${nodeLabel(call.node)}" makes`
  const elements = (call.outputs ?? []).reduce((sum, output) => sum + (elementCount(output?.shape) ?? 0), 0)
  memory.ask(8 * elements, what, smallerInput)
  try {
    const made = operator.forward({ ...call, inputs: known }, inputs)
    made.forEach((output, i) => {
      checkWhole(call, output, i)
    })
    return made.length > 0 ? made : undefined
  } catch (error) {
    throw asOutOfMemory(error, what, smallerInput)
  }
}

const smallerInput = 'Use a smaller batch or input'

/** What follows from integers – shapes, places, counts – takes them for whole. */
function checkWhole(call: Call, { elementType, data }: Dense, output: number): void {
  if (!isInteger(elementType)) return
  const at = Array.prototype.findIndex.call(data, (value: number) => !Number.isInteger(value))
  if (at < 0) return
  const problem = `element ${at} of output ${output} would be ${data[at]}, which no ${elementType} is`
  throw wrong(call, problem, 'Check what the network is fed.')
}
