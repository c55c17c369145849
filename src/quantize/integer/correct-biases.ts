import { editGraph, type Model, tensorOf } from '../../graph/index.ts'
import type { RunningOptions } from '../../runtime/index.ts'
import { channelMeans } from '../bias-correction.ts'
import type { KeptBatch } from '../images.ts'
import { biasSteps, type WrittenCodes } from './write-codes.ts'

/**
 * The quantised model with the means of its layers' channels put right, in biases of 32 bits (Nagel et al., ICCV 2019, section 4.2): layer by layer, each
 * behind those that were corrected before it. Layers without a bias stay.
 * @param given the network in floating point that was written: its layers have the same outputs by name
 */
export async function correctIntegerBiases(
  given: Model,
  { model, biases }: WrittenCodes,
  input: string,
  batches: readonly KeptBatch[],
  running: RunningOptions,
): Promise<Model> {
  const expected = await channelMeans(given, [...biases.keys()], input, batches, running)
  const editor = editGraph(model)
  for (const [value, { name, values, scales }] of biases) {
    const made = (await channelMeans(editor.model(), [value], input, batches, running)).get(value)!
    const target = expected.get(value)!
    const steps = biasSteps(
      values.map((bias, c) => bias + target[c]! - made[c]!),
      scales,
    )
    editor.set(name, tensorOf('int32', [steps.length], steps))
  }
  return editor.model()
}
