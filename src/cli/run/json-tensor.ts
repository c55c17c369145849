import { type HostTensor, hostValues } from '../../api/runtime.ts'
import { KerfError } from '../../base/index.ts'

/** Numbers that a text may hold: more are longer than engines let a text be. */
const mostInText = 2 ** 24

/** As JSON has it: 64-bit integers that doubles cannot hold, and NaN and infinities, as texts. */
export function jsonTensor(tensor: HostTensor): unknown {
  const { elementType, shape, data } = tensor
  if (data.length > mostInText)
    throw new KerfError(
      'too-large',
      `An output [${shape}] of ${data.length} elements is too large for JSON. Write it as .npy: -o name=out.npy.`,
      { shape },
    )
  const exact = (v: number | bigint) => (typeof v === 'bigint' ? Number.isSafeInteger(Number(v)) : Number.isFinite(v))
  const halves = elementType === 'float16' || elementType === 'bfloat16'
  const plain = halves ? hostValues(tensor) : data
  return {
    elementType,
    shape,
    data: Array.from(plain as ArrayLike<number | bigint>, (v) => (exact(v) ? Number(v) : String(v))),
  }
}
