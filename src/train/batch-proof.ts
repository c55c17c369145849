import { KerfError, seededRandom } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { hostTensor, openSession, type RunningOptions } from '../runtime/index.ts'
import type { ImageNetwork } from './graph/images.ts'

/** So many batches of the file's size are given together. */
const batches = 3
/** Of the largest output: float32 rounds otherwise in other batches, a thousand times less. */
const tolerance = 1e-3

/**
 * Shows that a network whose batch size was freed gives each image what it gets by itself: random images through both. What shapes do not tell – a
 * node that mixes images – is seen here.
 * @param shape [C, H, W] of an image
 * @throws KerfError `fixed-batch` where the outputs differ
 */
export async function proveFreedBatch(
  { model, fixed }: ImageNetwork,
  shape: readonly number[],
  options: RunningOptions,
): Promise<void> {
  if (!fixed) return
  const { size } = fixed
  const each = size * shape.reduce((product, d) => product * d, 1)
  const random = seededRandom(0)
  const images = Float32Array.from({ length: batches * each }, () => random.uniform())
  const apart = await outputsOf(fixed.model, [size, ...shape], images, options)
  const together = await outputsOf(model, [batches * size, ...shape], images, options)
  const largest = apart.reduce((max, v) => Math.max(max, Math.abs(v)), 0)
  const differs = (v: number, i: number) =>
    !(Math.abs(v - together[i]!) <= tolerance * largest) && !Object.is(v, together[i])
  if (apart.length === together.length && !apart.some(differs)) return
  throw new KerfError(
    'fixed-batch',
    `The model is for ${size === 1 ? 'one image' : `${size} images`} at a time: with ${batches * size} its outputs are others, so that it mixes them. Use a batch size of ${size}, or export the model with a batch of any size (dynamic_axes, dynamic_shapes).`,
    { size },
  )
}

/** The first output for all images, one batch after the other. */
async function outputsOf(
  model: Model,
  shape: readonly number[],
  images: Float32Array,
  options: RunningOptions,
): Promise<Float32Array> {
  const input = model.graph.inputs.find((i) => !model.graph.initializers.has(i.name))?.name ?? ''
  const output = model.graph.outputs[0]?.name ?? ''
  const inputShapes = new Map([[input, shape]])
  const session = await openSession(model, { ...options, onNotice: () => {} }, { inputShapes })
  try {
    const each = shape.reduce((product, d) => product * d, 1)
    const parts: Float32Array[] = []
    for (let at = 0; at < images.length; at += each) {
      const feeds = { [input]: hostTensor('float32', shape, images.subarray(at, at + each)) }
      const { data } = (await session.run(feeds, { signal: options.signal }))[output]!
      parts.push((data as Float32Array).slice())
    }
    return Float32Array.from(parts.flatMap((part) => [...part]))
  } finally {
    await session.dispose()
  }
}
