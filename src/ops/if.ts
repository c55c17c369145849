import type { Call, Graph } from '../graph/index.ts'
import { defineOperator } from './operator.ts'
import { bodyIn, eitherOf } from './shared/bodies.ts'
import { mixes } from './shared/channel-rules.ts'
import { contentOf, required } from './shared/check.ts'

interface IfAttributes {
  readonly whenTrue: Graph | undefined
  readonly whenFalse: Graph | undefined
}

function branch(call: Call<IfAttributes>, condition: boolean): Graph {
  return condition
    ? bodyIn(call, call.attributes.whenTrue, 'then_branch')
    : bodyIn(call, call.attributes.whenFalse, 'else_branch')
}

/** The branches that may be taken. */
function branches(call: Call<IfAttributes>): Graph[] {
  required(call, 0)
  const condition = contentOf(call, 0)?.[0]
  return (condition === undefined ? [true, false] : [condition !== 0]).map((taken) => branch(call, taken))
}

/** The outputs of one of two bodies, as the condition says (ONNX If). A condition that is known leaves the branch in the node's place. */
export const ifOperator = defineOperator<IfAttributes>({
  name: 'If',
  domain: '',
  attributes: (a) => ({ whenTrue: a.graph('then_branch'), whenFalse: a.graph('else_branch') }),
  infer: (call) => {
    const [first = [], second] = branches(call).map((body) => call.inferBody?.(body, []) ?? [])
    return call.node.outputs.map((_, i) => (second ? eitherOf(first[i], second[i]) : first[i]))
  },
  control: {
    alternatives: true,
    uses: (call) => branches(call).map((graph) => ({ graph, inputs: [], times: 1 })),
    *run(call, [condition]) {
      return yield { graph: branch(call, Boolean(condition?.data[0])), inputs: [] }
    },
  },
  unfold: (call, to) => {
    const [taken, other] = branches(call)
    if (!taken || other) return false
    to.inline(taken, []).forEach((value, i) => {
      to.output(i, value)
    })
    return true
  },
  cost: 'none',
  channels: mixes('which branch of If runs depends on the data'),
})
