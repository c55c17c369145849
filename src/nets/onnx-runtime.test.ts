import { expect, it } from 'vitest'
import { modelBytes } from '../onnx/index.ts'
import { describeOrt, loadOrt, randomFeeds } from '../testing/ort.ts'
import { type CifarResNetOptions, type NetName, nets } from './index.ts'

/** At full size where that is quick, else with a smaller image, so that VGG's and AlexNet's first linear layers shrink. */
const cases: readonly { readonly name: NetName; readonly options: CifarResNetOptions }[] = [
  { name: 'lenet5_bn', options: {} },
  { name: 'vgg_small', options: {} },
  { name: 'resnet20', options: {} },
  { name: 'resnet20', options: { shortcut: 'pad' } },
  { name: 'resnet110', options: {} },
  { name: 'alexnet', options: { inputSize: 63 } },
  { name: 'vgg11_bn', options: { inputSize: 32 } },
  { name: 'resnet18', options: { inputSize: 65 } },
  { name: 'resnet50', options: { inputSize: 64 } },
  { name: 'squeezenet1_1', options: { inputSize: 63 } },
  { name: 'mobilenet_v1', options: { inputSize: 96 } },
  { name: 'mobilenet_v2', options: {} },
  { name: 'ghostnet', options: {} },
  { name: 'fasternet_t0', options: {} },
  { name: 'fasternet_t2', options: { inputSize: 64 } },
]

describeOrt('networks in ONNX Runtime', () => {
  it.each(cases)('$name $options gives outputs that are finite and depend on the image', async ({ name, options }) => {
    const model = nets[name]({ seed: 1, ...options })
    const declared = model.graph.outputs[0]?.type
    const session = await loadOrt(modelBytes(model))
    const { logits } = await session.run(randomFeeds(session, 1, 2))
    await session.release()
    expect(declared?.kind === 'tensor' && declared.shape).toEqual(['N', logits?.dims[1]])
    expect(logits?.dims).toHaveLength(2)
    const values = Float64Array.from(logits?.data as Float32Array)
    const rows = [values.slice(0, values.length / 2), values.slice(values.length / 2)] as const
    for (const row of rows) {
      const deviation = spread(row)
      // Neither died on the way nor blew up: He's initialisation keeps the scale of what enters.
      expect(deviation).toBeGreaterThan(0.05)
      expect(deviation).toBeLessThan(1000)
    }
    const difference = rows[0].map((v, i) => v - rows[1][i]!)
    expect(spread(difference)).toBeGreaterThan(0.01 * spread(rows[0]))
  })
})

/** Standard deviation. NaN and infinities come out as NaN, which fails every comparison. */
function spread(values: Float64Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)
}
