import type { ChannelValues, Numbers, ScoredBatch, ScoredLayer, ScoringContext } from './criterion.ts'

/* What a channel holds of an image – a plane – and sums over images. */

/** Calls for the plane of every channel of every image. */
export function eachPlane(
  { data, images, channels, plane }: ChannelValues,
  visit: (plane: Numbers, channel: number, image: number) => void,
): void {
  const area = plane.reduce((product, d) => product * d, 1)
  for (let i = 0; i < images * channels; i++)
    visit(data.subarray(i * area, (i + 1) * area), i % channels, Math.floor(i / channels))
}

/** Layers that make channels. */
export const makersOf = ({ groups }: Pick<ScoringContext, 'groups'>): ScoredLayer[] => groups.flatMap((g) => g.layers)

/**
 * The mean over images and channels' planes of a number for each plane.
 * @param layers whose activations are looked at
 */
export async function meanOverImages(
  { batches, turn }: Pick<ScoringContext, 'batches' | 'turn'>,
  layers: readonly ScoredLayer[],
  of: (plane: Numbers) => number,
): Promise<ReadonlyMap<ScoredLayer, Float64Array>> {
  const sums = new Map(layers.map((layer) => [layer, new Float64Array(layer.channels)]))
  let images = 0
  for await (const batch of batches(layers, { what: ['activations'] })) {
    for (const [layer, sum] of sums) {
      await turn()
      eachPlane(batch.activations(layer), (plane, channel) => {
        sum[channel] = sum[channel]! + of(plane)
      })
    }
    images += batch.images
  }
  for (const sum of sums.values()) for (let c = 0; c < sum.length; c++) sum[c] = sum[c]! / images
  return sums
}

/** Σ over the plane of a · g, for every channel of every image: [images, channels]. g is the gradient of the image's own loss. */
export function products(
  batch: ScoredBatch,
  layer: ScoredLayer,
): { readonly data: Float64Array; readonly area: number } {
  const { data: g } = batch.gradients(layer)
  const { data: a, images, channels } = batch.activations(layer)
  const area = a.length / (images * channels)
  const sums = new Float64Array(images * channels)
  for (let i = 0, at = 0; i < sums.length; i++) {
    let sum = 0
    for (const end = at + area; at < end; at++) sum += a[at]! * g[at]!
    // The batch's loss is the mean over its images.
    sums[i] = sum * images
  }
  return { data: sums, area }
}
