// Networks with adder convolutions: the kernels against the scalar reference.

import { expect, it } from 'vitest'
import { elementCount, seededRandom } from '../src/base/index.ts'
import { nets } from '../src/nets/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from '../src/runtime/index.node.ts'

const adder = { opType: 'AdderConv', domain: 'ai.kerf', weightDeviation: () => 1 }

it.each(['lenet5_bn', 'resnet20'] as const)('%s with adder convolutions', async (name) => {
  const model = nets[name]({ batch: 1, convolution: adder })
  expect(model.graph.nodes.filter((n) => n.opType === 'AdderConv').length).toBeGreaterThan(1)
  const input = model.graph.inputs[0]?.type
  const shape = (input?.kind === 'tensor' ? input.shape : []) as readonly number[]
  const random = seededRandom(4)
  const x = hostTensor('float32', shape, Float64Array.from({ length: elementCount(shape)! }, random.normal))
  const notices: string[] = []
  const session = await createSession(model, { onNotice: (text) => notices.push(text) })
  const ours = hostValues((await session.run({ input: x })).logits!)
  session.dispose()
  const reference = hostValues(referenceRun(model, new Map([['input', x]])).get('logits')!)
  const size = reference.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
  const worst = reference.reduce((m, v, i) => Math.max(m, Math.abs(v - ours[i]!) / size), 0)
  expect(worst).toBeLessThan(1e-4)
  expect(notices).toEqual([])
})
