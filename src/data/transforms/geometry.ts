import { check, type ImageShape, isCount, type Step, type TransformOf } from './step.ts'

type Size = readonly [height: number, width: number]
type Geometric = TransformOf<'resize'> | TransformOf<'centreCrop'>

/** Where an image goes: it is resized to `resized`, and its corner then lies at (`top`, `left`) of the result; what lies outside is cut off. */
export interface Placement {
  readonly resized: Size
  readonly size: Size
  readonly top: number
  readonly left: number
  /** What is around it, 0 to 255. */
  readonly border: number
}

/** [height, width] that a transform makes. @throws KerfError `bad-transform` */
export function sizeOf(transform: Geometric): Size {
  const { size } = transform
  const [height, width] = typeof size === 'number' ? [size, size] : size
  check(isCount(height) && isCount(width), transform, `size ${size} is not a number of pixels`)
  return [height, width]
}

/**
 * `fill` squeezes. `cover` takes the middle: the whole image is resized until it covers the size, then cut, with torchvision's roundings (Resize of the
 * shorter side, CenterCrop). `contain` shows all of it, with a border, as YOLO's letterbox.
 * @throws KerfError `bad-transform`
 */
export function placementOf(transform: Geometric, from: Size): Placement {
  const size = sizeOf(transform)
  const resized = transform.kind === 'resize' ? resizedTo(transform, size, from) : from
  const [down, across] = [size[0] - resized[0], size[1] - resized[1]]
  const border = (transform.kind === 'resize' && transform.border) || 0
  check(border >= 0 && border <= 255, transform, `border ${border} is not within 0..255`)
  return { resized, size, top: before(down), left: before(across), border }
}

function resizedTo(transform: TransformOf<'resize'>, size: Size, [height, width]: Size): Size {
  const { fit = 'fill' } = transform
  const [toHeight, toWidth] = size
  if (fit === 'fill') return size
  // Which side decides: of `cover` the one that has to be enlarged more, of `contain` the other.
  const byHeight = toHeight * width >= toWidth * height === (fit === 'cover')
  const other = (side: number, of: number, by: number) => (side * of) / by
  const round = fit === 'cover' ? Math.trunc : Math.round
  return byHeight
    ? [toHeight, Math.max(1, round(other(toHeight, width, height)))]
    : [Math.max(1, round(other(toWidth, height, width))), toWidth]
}

/** Of a border of so many pixels on both sides together, those in front; of a cut (below 0) as Python rounds: half to even. */
function before(both: number): number {
  if (both >= 0) return Math.floor(both / 2)
  const half = -both / 2
  const whole = Math.floor(half)
  return -(half - whole === 0.5 ? whole + (whole % 2) : Math.round(half))
}

/**
 * Puts an image into a larger, smaller or moved frame; what it does not fill is `border`.
 * @param from [planes, resized]
 * @param into [planes, size], another array
 */
export function place<T extends Uint8Array | Float32Array>(
  from: T,
  into: T,
  planes: number,
  { resized: [height, width], size: [toHeight, toWidth], top, left }: Placement,
  border: number,
): T {
  const rows = [Math.max(0, top), Math.min(toHeight, top + height)] as const
  const columns = [Math.max(0, left), Math.min(toWidth, left + width)] as const
  if (rows[0] > 0 || rows[1] < toHeight || columns[0] > 0 || columns[1] < toWidth) into.fill(border)
  for (let plane = 0; plane < planes; plane++)
    for (let y = rows[0]; y < rows[1]; y++) {
      const source = (plane * height + y - top) * width - left
      into.set(from.subarray(source + columns[0], source + columns[1]), (plane * toHeight + y) * toWidth + columns[0])
    }
  return into
}

export const isSameSize = (a: Size, b: Size): boolean => a[0] === b[0] && a[1] === b[1]

/** Cuts the middle of this size out; where the image is smaller, zeros are around it. */
export function centreCropStep(transform: TransformOf<'centreCrop'>, shape: ImageShape): Step {
  const [channels, height, width] = shape
  const placement = placementOf(transform, [height, width])
  const to: ImageShape = [channels, ...placement.size]
  const [inSize, outSize] = [channels * height * width, channels * placement.size[0] * placement.size[1]]
  const stays = isSameSize(placement.size, placement.resized)
  return {
    shape: to,
    run(from, into, { count }) {
      if (stays) return
      for (let i = 0; i < count; i++)
        place(
          from.subarray(i * inSize, (i + 1) * inSize),
          into.subarray(i * outSize, (i + 1) * outSize),
          channels,
          placement,
          0,
        )
    },
  }
}
