// Whole networks whose convolutions become factors of full rank give what they gave. `npm run bench -- swap` does so with all networks of ../shared/models.

import { expect, it } from 'vitest'
import { namePattern } from '../src/base/index.ts'
import { type Model, validated } from '../src/graph/index.ts'
import { nets } from '../src/nets/index.ts'
import { readModelFile } from '../src/onnx/index.node.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { rewriteModel } from '../src/rewrite/index.node.ts'
import { createSession, hostValues } from '../src/runtime/index.node.ts'
import { hasOrt, randomTensor, runOrt } from '../src/testing/ort.ts'
import { compareOutputs, type Outputs } from '../src/testing/outputs.ts'
import { describeShared, filledModel } from '../src/testing/shared.ts'

const kinds = ['separable', 'low-rank', 'low-rank-space', 'tucker']
const everything = { layers: namePattern('*'), target: { energy: 1 } }

/** In Kerf. */
async function outputs(model: Model, shape: readonly number[]): Promise<Outputs> {
  const { name } = model.graph.inputs.find((i) => !model.graph.initializers.has(i.name))!
  const session = await createSession(model, { onNotice: () => {} })
  try {
    const x = randomTensor(shape, 1).data as Float32Array
    const results = await session.run({ [name]: { elementType: 'float32', shape, data: x } })
    const all = Object.entries(results).map(([output, t]) => [
      output,
      { type: 'float32', dims: t.shape, data: Float32Array.from(hostValues(t)) },
    ])
    return Object.fromEntries(all)
  } finally {
    await session.dispose()
  }
}

/** In ONNX Runtime where it is installed. */
async function otherOutputs(model: Model, shape: readonly number[]): Promise<Outputs | undefined> {
  const { name } = model.graph.inputs.find((i) => !model.graph.initializers.has(i.name))!
  return hasOrt ? runOrt(modelBytes(model), { [name]: randomTensor(shape, 1) }) : undefined
}

async function expectSame(model: Model, kind: string, shape: readonly number[], layers: number): Promise<void> {
  const { model: made, swapped } = await rewriteModel(model, kind, everything)
  expect(validated(made)).toBe(made)
  expect(swapped).toHaveLength(layers)
  const before = await outputs(model, shape)
  expect(compareOutputs(before, await outputs(made, shape))).toBeLessThan(1e-4)
  const other = await otherOutputs(made, shape)
  if (other) expect(compareOutputs(before, other)).toBeLessThan(1e-4)
}

it.each(kinds)('ResNet-20, %s', async (kind) => {
  await expectSame(nets.resnet20(), kind, [2, 3, 32, 32], 19)
})

describeShared('of ../shared/models', () => {
  it.each(kinds)('SqueezeNet 1.1, %s', async (kind) => {
    await expectSame(readModelFile(await filledModel('squeezenet1_1')), kind, [1, 3, 224, 224], 9)
  })
})
