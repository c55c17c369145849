import { NodeError } from '../base/index.ts'
import type { Call, Graph, Known } from '../graph/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import { bodyIn, eitherOf } from './shared/bodies.ts'
import { contentOf, wrong } from './shared/check.ts'

interface IfAttributes {
  readonly whenTrue: Graph | undefined
  readonly whenFalse: Graph | undefined
}

const nameOf = (condition: boolean): string => (condition ? 'then_branch' : 'else_branch')

const branch = (call: Call<IfAttributes>, condition: boolean): Graph =>
  bodyIn(
    call,
    condition ? call.attributes.whenTrue : call.attributes.whenFalse,
    nameOf(condition),
    0,
    call.node.outputs.length,
  )

/** Which branches may be taken: one where the condition is known. */
function conditions(call: Call<IfAttributes>): boolean[] {
  const condition = contentOf(call, 0)?.[0]
  return condition === undefined ? [true, false] : [condition !== 0]
}

/** What a branch makes, or why it does not go with what is around it. */
function madeBy(call: Call<IfAttributes>, graph: Graph): readonly Known[] | NodeError {
  try {
    return call.inferBody?.(graph, []) ?? []
  } catch (error) {
    if (error instanceof NodeError) return error
    throw error
  }
}

/** An error of a node in a branch in few words. */
const said = ({ details: { opType, node, problem } }: NodeError): string => `${opType} "${node}": ${problem}`

/**
 * The outputs of one of two bodies, as the condition says (ONNX If). A condition that is known leaves the branch in the node's place. Of two that may be
 * taken one may not go with the given sizes: what the other makes is known then, and taking it is an error.
 */
export const ifOperator = defineOperator({
  name: 'If',
  inputs: ['cond: bool'],
  attributes: (a): IfAttributes => ({ whenTrue: a.graph('then_branch'), whenFalse: a.graph('else_branch') }),
  infer: (call) => {
    const made = conditions(call).map((condition) => madeBy(call, branch(call, condition)))
    const [first, second] = made.filter((m): m is readonly Known[] => !(m instanceof NodeError))
    if (!first) throw made[0]
    return call.node.outputs.map((_, i) => (second ? eitherOf(first[i], second[i]) : first[i]))
  },
  control: {
    alternatives: true,
    uses: (call) =>
      conditions(call).map((condition) => {
        const graph = branch(call, condition)
        const made = madeBy(call, graph)
        return {
          ...{ graph, name: nameOf(condition), inputs: [], times: 1 },
          misfit: made instanceof NodeError ? said(made) : undefined,
        }
      }),
  },
  unfold: (call, to) => {
    const [condition, other] = conditions(call)
    if (condition === undefined || other !== undefined) return false
    to.inline(branch(call, condition), []).forEach((value, i) => {
      to.output(i, value)
    })
    return true
  },
  computable: false,
  cost: 'none',
})

export const ifOperatorReference: ReferenceOf<typeof ifOperator> = {
  *run(call, [condition]) {
    const taken = Boolean(condition?.data[0])
    try {
      return yield { graph: branch(call, taken), inputs: [] }
    } catch (error) {
      if (!(error instanceof NodeError)) throw error
      const remedy = 'Give inputs of other sizes, or those that make the condition choose the other branch.'
      throw wrong(call, `its ${nameOf(taken)}, which is to be taken, cannot be: ${said(error)}`, remedy)
    }
  },
}
