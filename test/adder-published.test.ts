// The published adder ResNet-20 for MNIST (../shared/data/adder) against the numbers that PyTorch calculated.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openData } from '../src/data/index.node.ts'
import { createLoader, type ImageSet, subset, type Transform } from '../src/data/index.ts'
import { elementTypeOf, float32Of, readSafetensors } from '../src/formats/index.ts'
import type { Model } from '../src/graph/index.ts'
import { importNet } from '../src/nets/index.ts'
import { modelBytes } from '../src/onnx/index.ts'
import { quantize } from '../src/quantize/index.ts'
import { createSession, hostTensor } from '../src/runtime/index.node.ts'
import { hasOrt, runOrt } from '../src/testing/ort.ts'
import { describeShared, sharedPath } from '../src/testing/shared.ts'
import { evaluate } from '../src/train/index.node.ts'

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
    const worst = data.reduce((m, v, i) => Math.max(m, Math.abs(v - logits[i]!)), 0)
    expect(largest).toBeGreaterThan(1)
    // PyTorch's own rounding is most of it: sums of thousands in float32, of which BatchNormalization leaves a few units.
    expect(worst / largest).toBeLessThan(1e-3)
  })

  const transforms: Transform[] = [{ kind: 'resize', size: 32 }]
  const part = (set: ImageSet, first: number, count: number, step = 1) =>
    subset(
      set,
      Array.from({ length: count }, (_, i) => first + i * step),
    )
  const [images, labels] = ['images-idx3', 'labels-idx1'].map((n) =>
    sharedPath('data/mnist', `t10k-${n}-ubyte.gz`),
  ) as [string, string]
  // The test images stand for both: the 60,000 others take longer to read than all the rest. Those that calibrate are not tested.
  const sets = openData({
    kind: 'idx',
    trainImages: images,
    trainLabels: labels,
    testImages: images,
    testLabels: labels,
  })
  const coded = async (bits: number): Promise<Model> => {
    const loader = createLoader(part((await sets).train, 0, 64), { batchSize: 64, transforms, training: false })
    const images = { shape: loader.shape, batchSize: 64, batches: loader.epoch(0) }
    return (await quantize(model, { bits, images })).model
  }

  it('reads digits, and in 6 and 5 bits hardly worse (all 10,000 images: kerf quantize … --evaluate all)', async () => {
    const loader = createLoader(part((await sets).test, 64, 400, 24), { batchSize: 50, transforms, training: false })
    const correct = async (m: Model) => {
      const { perClass } = await evaluate(m, loader, { threads: 1 })
      return perClass.reduce((sum, c) => sum + c.correct, 0)
    }
    // 9,953 of 10,000 are 398.1 of 400.
    const float = await correct(model)
    expect(float).toBeGreaterThanOrEqual(396)
    expect(await correct(await coded(6))).toBeGreaterThanOrEqual(float - 2)
    expect(await correct(await coded(5))).toBeGreaterThanOrEqual(float - 3)
  })

  it('runs in codes on integer kernels only, codes flowing from layer to layer, and gives the same in ONNX Runtime', async () => {
    const quantised = await coded(6)
    const input = float32Of(read('addernet_resnet20_mnist_golden.safetensors').get('input') as never).slice(0, 2048)
    const session = await createSession(quantised)
    const feeds = { input: hostTensor('float32', [2, 1, 32, 32], input) }
    const { tasks } = await session.profile(feeds, 0.01)
    const { logits } = await session.run(feeds)
    session.dispose()
    const count = (kernel: string) => tasks.filter((t) => t.kernels.some((k) => k === kernel)).length
    // 18 layers and 2 shortcuts. What a block adds its shortcut to stays float32, so each of the 9 blocks makes codes of it once.
    expect([count('adderU8'), count('adderF32'), count('quantiseU8')]).toEqual([20, 0, 9])
    expect(tasks.filter((t) => t.kind !== 'compute')).toEqual([])
    if (!hasOrt) return
    const theirs = await runOrt(modelBytes(quantised), {
      input: { type: 'float32', dims: [2, 1, 32, 32], data: input },
    })
    const [a, b] = [logits, theirs.logits].map((t) => t?.data as Float32Array) as [Float32Array, Float32Array]
    const largest = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    // An input that rounds to the other code moves everything behind it.
    expect(a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0) / largest).toBeLessThan(0.05)
  })
})
