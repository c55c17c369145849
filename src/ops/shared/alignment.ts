import type { Dim, Shape } from '../../base/index.ts'
import type { AttributeReader, BackwardCall, Call, Dense, Known } from '../../graph/index.ts'

/*
 * How the axes of a second operand lie among those of the first. From operator set 7 on at the end, as NumPy has it; before, with `broadcast = 1`,
 * from the attribute `axis` on: a bias [C] with axis 1 is one per channel. What lies behind is thought of as axes of size 1.
 */

export interface Alignment {
  /** The first operand's axis where the second one's begin; undefined: they end together. */
  readonly secondAt: number | undefined
}

export const alignmentOf = (a: AttributeReader, opset: number): Alignment => ({
  secondAt: opset < 7 ? a.int('axis') : undefined,
})

/** An input's shape with the axes that are thought behind it; undefined where it is not known. */
export function alignedShape(call: Call, input: number): Shape | undefined {
  const shape = call.inputs[input]?.shape
  const axis = (call.attributes as Partial<Alignment> | undefined)?.secondAt
  const rank = call.inputs[0]?.shape?.length
  if (!shape || input === 0 || axis === undefined || rank === undefined) return shape
  const behind = rank - (axis < 0 ? axis + rank : axis) - shape.length
  return behind > 0 ? [...shape, ...new Array<Dim>(behind).fill(1)] : shape
}

/** The same elements under that shape. */
export const alignedDense = (call: Call, input: number, x: Dense): Dense => ({
  ...x,
  shape: alignedShape(call, input) as readonly number[],
})

/** Whether it is thought of with more axes than it has. */
export const isAligned = (call: Call, input: number): boolean =>
  alignedShape(call, input)?.length !== call.inputs[input]?.shape?.length

/** The call with every operand of the shape that it is thought of, and the way back for the gradient of an input. */
export function alignedBackward<A extends Alignment>(
  call: BackwardCall<A>,
): { readonly call: BackwardCall<A>; back(gradient: string, input: number): string } {
  const { emit, node } = call
  const shape = (input: number) => alignedShape(call, input) as readonly number[]
  if (!node.inputs.some((_, i) => isAligned(call, i))) return { call, back: (gradient) => gradient }
  return {
    call: {
      ...call,
      node: {
        ...node,
        inputs: node.inputs.map((name, i) => (isAligned(call, i) ? emit.reshape(name, shape(i)) : name)),
      },
      inputs: call.inputs.map(
        (known, i): Known | undefined => known && { ...known, shape: shape(i), value: known.value },
      ),
    },
    back: (gradient, i) =>
      isAligned(call, i) ? emit.reshape(gradient, call.inputs[i]?.shape as readonly number[]) : gradient,
  }
}
