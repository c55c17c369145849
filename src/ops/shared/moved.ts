import type { ElementType } from '../../base/index.ts'
import type { Dense } from '../../graph/index.ts'
import { dense } from './check.ts'
import { fromIndices } from './indices.ts'

/** f of every element. */
export const mapped = (x: Dense, f: (value: number, i: number) => number, type: ElementType = x.elementType): Dense =>
  dense(type, x.shape, new Float64Array(x.data).map(f))

/**
 * Elements of x in another place: at each index the one that lies at `from`.
 * @param fill what is where `from` says undefined
 */
export const moved = (
  x: Dense,
  shape: readonly number[],
  from: (index: readonly number[], flat: number) => number | undefined,
  fill = 0,
): Dense =>
  dense(
    x.elementType,
    shape,
    fromIndices(shape, (index, flat) => {
      const at = from(index, flat)
      return at === undefined ? fill : x.data[at]!
    }),
  )
