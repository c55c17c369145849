import { editGraph, type Model, type Node, tensorOf, tensorValues } from '../graph/index.ts'
import { openSession, type RunningOptions } from '../runtime/index.ts'
import type { KeptBatch } from './images.ts'

/*
 * Rounding does not only add noise to a filter's results, it moves their mean: the distance |x − w| is convex, so that codes that stand for several
 * values make it larger on the whole, and values outside the range make it smaller. The means can be put right on calibration data, in the
 * constant that every filter has already (Nagel et al., ICCV 2019, section 4.2). Layer by layer, each behind those that were corrected before it.
 */

/**
 * The quantised model with the constants of its adder layers corrected. Neither model given is changed.
 * @param given the model that was quantised: its adder layers have the same outputs by name
 * @param layers of the given model, those that were quantised
 */
export async function correctBiases(
  given: Model,
  quantised: Model,
  layers: readonly Node[],
  input: string,
  batches: readonly KeptBatch[],
  running: RunningOptions,
): Promise<Model> {
  const wanted = layers.map((node) => node.outputs[0]!)
  const run = (model: Model, values: readonly string[]) => channelMeans(model, values, input, batches, running)
  const expected = await run(given, wanted)
  const editor = editGraph(quantised)
  for (const value of wanted) {
    const node = editor.nodes.find((n) => n.outputs[0] === value)!
    const found = (await run(editor.model(), [value])).get(value)!
    const target = expected.get(value)!
    const [, , bias = ''] = node.inputs
    const constants = tensorValues(editor.initializers.get(bias)!)
    const values = Float32Array.from(constants, (c, f) => c + target[f]! - found[f]!)
    editor.set(bias, tensorOf('float32', [values.length], values))
  }
  return editor.model()
}

/** Means over images and places of the channels of some values. */
export async function channelMeans(
  model: Model,
  values: readonly string[],
  input: string,
  batches: readonly KeptBatch[],
  running: RunningOptions,
): Promise<ReadonlyMap<string, Float64Array>> {
  const session = await openSession(editGraph(model).setOutputs(values).dropDead().model(), running)
  const means = new Map<string, Float64Array>()
  try {
    const images = batches.reduce((sum, { count }) => sum + count, 0)
    for (const { data, shape, count } of batches) {
      const results = await session.run(
        { [input]: { elementType: 'float32', shape, data } },
        { signal: running.signal },
      )
      for (const name of values) {
        const { data: result, shape: size } = results[name] as { data: ArrayLike<number>; shape: readonly number[] }
        const [, channels = 1, ...space] = size
        const places = space.reduce((p, d) => p * d, 1)
        const sums = means.get(name) ?? new Float64Array(channels)
        for (let i = 0; i < count * channels * places; i++) {
          const channel = Math.floor(i / places) % channels
          sums[channel] = sums[channel]! + result[i]! / (places * images)
        }
        means.set(name, sums)
      }
    }
  } finally {
    await session.dispose()
  }
  return means
}
