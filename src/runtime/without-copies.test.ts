// Networks that cut channels off, put them side by side and shuffle them: nothing of it is copied, and results are those of the reference.

import { describe, expect, it } from 'vitest'
import { elementCount, seededRandom } from '../base/index.ts'
import { type Model, nodeLabel } from '../graph/index.ts'
import { type NetName, nets } from '../nets/index.ts'
import { copiedBytes, copiesInside, makePlan, type Plan } from '../plan/index.ts'
import { joiningNetworks } from '../testing/joining-networks.ts'
import { abilitiesOf, lowerings } from './backends/wasm/lowerings/index.ts'
import { createSession, hostTensor, hostValues, referenceRun } from './index.node.ts'

const wasm = abilitiesOf(lowerings)
const plans = (model: Model, shapes: ReadonlyMap<string, readonly number[]>): readonly [now: Plan, copying: Plan] => [
  makePlan(model, shapes, wasm),
  makePlan(model, shapes, { ...wasm, parts: false }),
]

const copies = (plan: Plan): string[] =>
  copiesInside(plan).map((task) =>
    task.kind === 'convert' ? `${copiedBytes(task)} bytes of [${task.from.shape}]` : nodeLabel(task.job.unit.node),
  )

describe('nothing is copied, and no more memory is taken', () => {
  it.each(Object.entries(joiningNetworks))('%s', (_, build) => {
    const [now, copying] = plans(build(), new Map([['x', [1, 3, 32, 32]]]))
    expect(copies(now)).toEqual([])
    expect(copies(copying).length).toBeGreaterThan(0)
    expect(now.arena.bytes).toBeLessThanOrEqual(copying.arena.bytes)
  })

  const variants = ['t0', 't1', 't2', 's', 'm', 'l'].map((size) => `fasternet_${size}` as NetName)
  it.each<NetName>([...variants, 'ghostnet', 'squeezenet1_1'])('%s', (name) => {
    const [now, copying] = plans(nets[name]({ batch: 1 }), new Map([['input', [1, 3, 224, 224]]]))
    expect(copies(now)).toEqual([])
    expect(copies(copying).length).toBeGreaterThan(0)
    expect(now.arena.bytes).toBeLessThanOrEqual(copying.arena.bytes)
  })
})

describe('results are those of the reference', () => {
  it.each(Object.entries(joiningNetworks))('%s', async (_, build) => {
    const model = build()
    const random = seededRandom(3)
    const shape = [1, 3, 32, 32]
    const x = hostTensor(
      'float32',
      shape,
      Float32Array.from({ length: elementCount(shape)! }, () => random.normal()),
    )
    const [wanted] = [...referenceRun(model, new Map([['x', x]])).values()].map(hostValues)
    const largest = wanted!.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    for (const threads of [1, 2]) {
      const session = await createSession(model, { threads })
      // Twice: what is left of one run does not reach the next.
      await session.run({ x: hostTensor('float32', shape, new Float32Array(elementCount(shape)!).fill(9)) })
      const [got] = Object.values(await session.run({ x })).map((y) => hostValues(y as never))
      await session.dispose()
      const worst = wanted!.reduce((most, v, i) => Math.max(most, Math.abs(v - got![i]!)), 0)
      expect(worst / largest).toBeLessThan(1e-5)
    }
  })
})
