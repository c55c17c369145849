import { editGraph, type GraphEditor, type Model, tensorOf, tensorValues } from '../graph/index.ts'
import { openSession, type RunningOptions } from '../runtime/index.ts'
import type { KeptBatch } from './images.ts'

/*
 * Rounding does not only add noise to a filter's results, it moves their mean: the distance |x − w| is convex, so that codes that stand for several
 * values make it larger on the whole, and values outside the range make it smaller. The means can be put right on calibration data, in the
 * constant that every filter has already (Nagel et al., ICCV 2019, section 4.2). Layer by layer, each behind those that were corrected before it.
 */

/** Puts a layer's constants right in the quantised model. @param target mean of each channel in the given model; `found` that in the quantised one */
export type Correction = (editor: GraphEditor, target: Float64Array, found: Float64Array) => void

/**
 * The quantised model with the means of some values' channels put right. Neither model given is changed.
 * @param given the model that was quantised: it has the same values by name
 * @param corrections of layers, by what they make, in their order
 */
export async function correctMeans(
  given: Model,
  quantised: Model,
  corrections: ReadonlyMap<string, Correction>,
  input: string,
  batches: readonly KeptBatch[],
  running: RunningOptions,
): Promise<Model> {
  const run = (model: Model, values: readonly string[]) => channelMeans(model, values, input, batches, running)
  const expected = await run(given, [...corrections.keys()])
  const editor = editGraph(quantised)
  for (const [value, correct] of corrections) {
    const found = (await run(editor.model(), [value])).get(value)!
    correct(editor, expected.get(value)!, found)
  }
  return editor.model()
}

/** The constants that adder layers have already. @param value what a layer makes */
export const adderCorrection =
  (value: string): Correction =>
  (editor, target, found) => {
    const [, , bias = ''] = editor.nodes.find((n) => n.outputs[0] === value)!.inputs
    const constants = tensorValues(editor.initializers.get(bias)!)
    const values = Float32Array.from(constants, (c, f) => c + target[f]! - found[f]!)
    editor.set(bias, tensorOf('float32', [values.length], values))
  }

/** Means over images and places of the channels of some values. */
async function channelMeans(
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
