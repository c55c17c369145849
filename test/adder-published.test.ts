// The published adder ResNet-20 for MNIST (../shared/data/adder) against the numbers that PyTorch calculated.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { elementTypeOf, float32Of, readSafetensors } from '../src/formats/index.ts'
import { importNet } from '../src/nets/index.ts'
import { createSession, hostTensor } from '../src/runtime/index.node.ts'
import { describeShared, sharedPath } from './shared.ts'

const read = (file: string) => readSafetensors(readFileSync(sharedPath('data/adder', file))).tensors

describeShared('the published adder ResNet-20', () => {
  const weights = [...read('addernet_resnet20_mnist.safetensors')].map(
    ([name, { type, shape, bytes }]) =>
      [name, { elementType: elementTypeOf(type), shape, bytes: () => bytes }] as const,
  )
  const { model } = importNet('resnet20-adder', new Map(weights))

  it("gives PyTorch's logits", async () => {
    const golden = read('addernet_resnet20_mnist_golden.safetensors')
    const [input, logits] = ['input', 'logits'].map((name) => float32Of(golden.get(name) as never)) as [
      Float32Array,
      Float32Array,
    ]
    const session = await createSession(model)
    const { logits: ours } = await session.run({ input: hostTensor('float32', [64, 1, 32, 32], input) })
    session.dispose()
    expect(ours?.shape).toEqual([64, 10])
    const data = ours?.data as Float32Array
    const largest = logits.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    const worst = data.reduce((m, v, i) => Math.max(m, Math.abs(v - (logits[i] as number))), 0)
    expect(largest).toBeGreaterThan(1)
    // PyTorch's own rounding is most of it: sums of thousands in float32, of which BatchNormalization leaves a few units.
    expect(worst / largest).toBeLessThan(1e-3)
  })
})
