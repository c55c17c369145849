import { assumptionTexts, type Preprocessing, planarTensor, type ResolvedPreprocessing } from '../../api/data.ts'
import { imageDecoder } from '../../api/files.node.ts'
import type { HostTensor } from '../../api/runtime.ts'
import { KerfError } from '../../base/index.ts'

/** In one line, as flags. */
export function preprocessingText({
  resize,
  fit,
  border,
  crop,
  channels,
  order,
  scale,
  mean,
  std,
  layout,
}: Preprocessing): string {
  return [
    ...(resize ? [`--resize ${resize.join('x')} --fit ${fit}`] : []),
    ...(fit === 'contain' && border > 0 ? [`(border ${border})`] : []),
    ...(crop ? [`--crop ${crop.join('x')}`] : []),
    channels === 1 ? 'grey' : `--channels ${order}`,
    `--scale ${scaleText(scale)} --mean ${mean.map(short)} --std ${std.map(short)}`,
    ...(layout === 'NHWC' ? ['--layout NHWC'] : []),
  ].join(' ')
}

const short = (value: number) => String(Number(value.toPrecision(6)))

/** 1/255, 1/127.5: as people write it. */
const scaleText = (scale: number): string =>
  scale < 1 && Number.isInteger(Math.round(1e6 / scale) / 5e5) ? `1/${Math.round(1e6 / scale) / 1e6}` : String(scale)

/** A sentence about what nobody said; undefined where everything was known. */
export const assumptionText = (resolved: ResolvedPreprocessing): string | undefined =>
  resolved.assumed.length === 0
    ? undefined
    : `Assumed, as neither a flag nor the file says it: ${assumptionTexts(resolved).join(', ')}.`

/**
 * Reads an image (PNG, JPEG, WebP, AVIF, TIFF, GIF) as those of data sets are read: turned as its EXIF data say, without alpha.
 * @param path what messages call it
 * @throws KerfError `missing-package`, `bad-image`
 */
export async function readImage(
  bytes: Uint8Array,
  path: string,
  preprocessing: Preprocessing,
  elementType: HostTensor['elementType'],
): Promise<HostTensor> {
  if (bytes.length === 0) throw new KerfError('bad-image', `${path} is empty. Give another image.`, { path })
  const decode = await imageDecoder(preprocessing.channels === 3)
  const image = await decode(bytes)
  if ('problem' in image)
    throw new KerfError(
      'bad-image',
      `${path} cannot be read as an image: ${image.problem}. Give another image, or a .npy file.`,
      { path },
    )
  return planarTensor(image, preprocessing, elementType)
}
