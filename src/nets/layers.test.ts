import { expect, it } from 'vitest'
import { modelBytes } from '../onnx/index.ts'
import { describeOrt, runOrt } from '../testing/ort.ts'
import { type FeatureMap, Layers } from './index.ts'

/** Runs a net of the given layers on one image of one channel, and returns what comes out, flattened. */
async function run(size: number, image: readonly number[], layers: (net: Layers) => FeatureMap): Promise<number[]> {
  const sizes = { classes: 1, inChannels: 1, inputSize: size }
  const { channels, height, width } = layers(new Layers('sizes', {}, sizes))
  const net = new Layers('test', {}, { ...sizes, classes: channels * height * width })
  net.flatten(layers(net), 'flatten')
  const input = { type: 'float32', dims: [1, 1, size, size], data: Float32Array.from(image) } as const
  const { logits } = await runOrt(modelBytes(net.model()), { input }, { optimization: 'disabled' })
  return Array.from(logits?.data as Float32Array)
}

const closeTo = (values: readonly number[]) => values.map((v) => expect.closeTo(v, 5))

describeOrt('layers made of several nodes, or with constants of their own', () => {
  it('gelu is x·Φ(x)', async () => {
    // torch.nn.functional.gelu(torch.tensor([-3., -0.5, 0., 1.]))
    const expected = [-0.0040496, -0.1542688, 0, 0.8413447]
    expect(await run(2, [-3, -0.5, 0, 1], (net) => net.gelu(net.input, 'act'))).toEqual(closeTo(expected))
  })

  it('relu6 and hardSigmoid clip', async () => {
    expect(await run(2, [-1, 2, 6, 7], (net) => net.relu6(net.input, 'act'))).toEqual([0, 2, 6, 6])
    const gate = await run(2, [-4, -1.5, 0, 3.5], (net) => net.hardSigmoid(net.input, 'act'))
    expect(gate).toEqual(closeTo([0, 0.25, 0.5, 1]))
  })

  it('subsample takes every second pixel, padChannels surrounds channels by zeros', async () => {
    const image = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    expect(await run(3, image, (net) => net.subsample(net.input, 'slice', 2))).toEqual([1, 3, 7, 9])
    const padded = await run(2, [1, 2, 3, 4], (net) => net.padChannels(net.input, 'pad', 1, 2))
    expect(padded).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  it('split and concat are inverse, in order', async () => {
    const swapped = await run(1, [3], (net) => {
      const two = net.padChannels(net.input, 'pad', 0, 1)
      const [first, rest] = net.split(two, 'split', 1)
      return net.concat([rest, first], 'concat')
    })
    expect(swapped).toEqual([0, 3])
  })

  it('a last window may hang over the edge', async () => {
    const image = Array.from({ length: 16 }, (_, i) => i)
    const pool = (ceilMode: boolean) => (net: Layers) =>
      net.maxPool(net.input, 'pool', { kernel: 3, stride: 2, ceilMode })
    expect(await run(4, image, pool(true))).toEqual([10, 11, 14, 15])
    expect(await run(4, image, pool(false))).toEqual([10])
  })
})
