import { type Dim, mostAxes, unknownDim } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { contentOf, wrong } from './check.ts'

/** A shape that an input gives: unknown sizes where it depends on data, undefined where not even its length is known. */
export function shapeFromInput(call: Call, input: number): Dim[] | undefined {
  const sizes = contentOf(call, input)
  if (sizes) {
    const bad = sizes.find((d) => d < 0 || !Number.isInteger(d))
    if (bad !== undefined) throw wrong(call, `${bad} is not a size, in the shape [${sizes}] of input ${input}`)
    return [...sizes]
  }
  const length = call.inputs[input]?.shape?.[0]
  return typeof length === 'number' && length <= mostAxes ? Array.from({ length }, () => unknownDim()) : undefined
}
