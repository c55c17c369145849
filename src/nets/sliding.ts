import { KerfError } from '../base/index.ts'

/** A number stands for both axes. */
export const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value

/**
 * Size along one axis after a window slid over it.
 * @throws KerfError `input-too-small` where the window does not fit
 */
export function slid(
  layer: string,
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  ceilMode = false,
): number {
  const room = size + 2 * padding - kernel
  if (room < 0)
    throw new KerfError(
      'input-too-small',
      `Layer "${layer}" receives ${size} pixels and needs ${kernel - 2 * padding}. Choose a larger inputSize.`,
      {
        layer,
        size,
        kernel,
      },
    )
  const steps = ceilMode ? Math.ceil(room / stride) : Math.floor(room / stride)
  // A window that would start in the padding at the end is dropped.
  return ceilMode && steps * stride >= size + padding ? steps : steps + 1
}
