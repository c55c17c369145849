// What `import … from 'kerf'` gives: the same names in Node and in a browser, in Node with threads.

import { expect, it } from 'vitest'
import * as node from '../src/index.node.ts'
import * as browser from '../src/index.ts'

it('is the same in Node and in a browser, with what running needs', () => {
  expect(Object.keys(node).sort()).toEqual(Object.keys(browser).sort())
  for (const name of ['createSession', 'readModel', 'hostTensor', 'imageToTensor', 'imageMetadata'])
    expect(browser).toHaveProperty(name)
})

it('has threads in Node', async () => {
  const model = node.nets.lenet5_bn({ batch: 1 })
  const session = await node.createSession(model, { threads: 2 })
  try {
    expect(session.threads).toBe(2)
    const outputs = await session.run({ input: new Float32Array(28 * 28) })
    expect(outputs.logits?.shape).toEqual([1, 10])
  } finally {
    session.dispose()
  }
})
