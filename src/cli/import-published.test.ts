// Published ResNet-20 and -56 for CIFAR-10 with option-A shortcuts (../shared/data/cifar10) against the logits that PyTorch calculated. Their groups run
// through Slice and Pad.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { float32Of, readSafetensors } from '../formats/index.ts'
import type { Model } from '../graph/index.ts'
import { imageMetadata } from '../image/index.ts'
import { readModelFile } from '../onnx/index.node.ts'
import { pruneModel } from '../prune/index.ts'
import { createSession, hostTensor } from '../runtime/index.node.ts'
import { describeShared, sharedPath } from '../testing/shared.ts'
import { kerf } from './in-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'kerf-option-a-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What its file says: input/255, minus mean, divided by std. */
const mean = [0.485, 0.456, 0.406]
const std = [0.229, 0.224, 0.225]

async function logitsOf(model: Model, pixels: Uint8Array): Promise<Float32Array> {
  const images = 64
  const x = new Float32Array(pixels.length)
  for (let n = 0; n < images; n++)
    for (let p = 0; p < 1024; p++)
      for (let c = 0; c < 3; c++)
        x[(n * 3 + c) * 1024 + p] = (pixels[(n * 1024 + p) * 3 + c]! / 255 - mean[c]!) / std[c]!
  const session = await createSession(model)
  const { logits } = await session.run({ input: hostTensor('float32', [images, 3, 32, 32], x) })
  session.dispose()
  return logits?.data as Float32Array
}

const farthest = (a: Float32Array, b: Float32Array) => a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0)

describeShared('published networks with shortcuts without weights', () => {
  describe.each(['resnet20a', 'resnet56a'])('%s', (name) => {
    const golden = readSafetensors(readFileSync(sharedPath('data/cifar10', `${name}_golden.safetensors`))).tensors
    const pixels = golden.get('input_uint8_nhwc')!.bytes
    const file = join(folder, `${name}.onnx`)
    const imported = kerf('import', sharedPath('data/cifar10', `${name}.safetensors`), '--net', name, '-o', file)

    it("gives PyTorch's logits", async () => {
      expect(await imported).toMatchObject({ status: 0, err: '' })
      const logits = float32Of(golden.get('logits')!)
      const ours = await logitsOf(readModelFile(file), pixels)
      expect(ours).toHaveLength(640)
      // The logits reach to 20.
      expect(farthest(ours, logits)).toBeLessThan(1e-4)
    })

    it('takes along how images become its input', async () => {
      await imported
      const { preprocessing } = imageMetadata(readModelFile(file))
      expect(preprocessing).toMatchObject({ resize: [32, 32], scale: 1 / 255, mean, std })
    })

    it('is cut to half of every group, and gives what the masked one gives', async () => {
      await imported
      const found = await pruneModel(readModelFile(file), { criterion: 'l2', scope: { ratio: 0.5 } })
      // A quarter of every convolution but of the first, which reads colours.
      expect(found.after.params).toBeLessThan(0.26 * found.before.params)
      expect(found.refused).toEqual([])
      const [masked, cut] = [await logitsOf(found.masked!, pixels), await logitsOf(found.model, pixels)]
      expect(new Set(cut).size).toBeGreaterThan(100)
      expect(farthest(masked, cut)).toBeLessThan(1e-4)
    })
  })
})
