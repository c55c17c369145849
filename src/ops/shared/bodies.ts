import { type Dim, MemoryBudget, unknownDim } from '../../base/index.ts'
import {
  bytesOfDense,
  type Call,
  type Dense,
  type Graph,
  graphInputs,
  type Known,
  nodeLabel,
  tensorOf,
  type Unfolding,
  type ValueInfo,
} from '../../graph/index.ts'
import { dense, wrong } from './check.ts'
import { linesAlong } from './indices.ts'
import { joined } from './joining.ts'

/*
 * What operators that run bodies share (If, Loop, Scan).
 */

/** Larger loops stay loops: unrolled they would be more nodes than anybody reads or plans. */
export const mostUnrolledNodes = 10_000

/** A body without nodes takes a constant for each round, too. */
export const unrolledNodes = (body: Graph, rounds: number): number => rounds * Math.max(1, body.nodes.length)

/**
 * The graph in an attribute.
 * @param given how many values it is given
 * @param taken how many of its outputs are read
 * @throws NodeError where there is none, or one that takes more or makes less
 */
export function bodyIn(call: Call, body: Graph | undefined, name: string, given: number, taken: number): Graph {
  const again = 'Export the model again.'
  if (!body) throw wrong(call, `attribute ${name} is missing`, again)
  const { length } = graphInputs(body)
  if (length > given) throw wrong(call, `${name} takes ${length} values and is given ${given}`, again)
  if (body.outputs.length < taken)
    throw wrong(call, `${name} makes ${body.outputs.length} values, of which ${taken} are read`, again)
  return body
}

/** A whole number or a truth value, known or not. */
export const scalar = (elementType: 'int64' | 'bool', value?: number): Known => ({
  elementType,
  shape: [],
  value: value === undefined ? undefined : dense(elementType, [], [value]),
})

/** What holds for both of two values. */
export function eitherOf(a: Known | undefined, b: Known | undefined): Known {
  const shape =
    a?.shape && b?.shape && a.shape.length === b.shape.length
      ? a.shape.map((d, i): Dim => (d === b.shape?.[i] ? d : unknownDim()))
      : undefined
  return { elementType: a?.elementType ?? b?.elementType, shape }
}

/** A value without its content, which changes from round to round. */
export const typeOf = (known: Known | undefined): Known => ({ elementType: known?.elementType, shape: known?.shape })

/**
 * What is known of the values that a body hands from round to round, in every round: sizes that grow are unknown.
 * @param round what is known of all outputs of the body, given that of the handed values
 * @param from the first of the body's outputs that is handed on
 */
export function inEveryRound(
  initial: readonly (Known | undefined)[],
  from: number,
  round: (carried: readonly Known[]) => readonly Known[],
): { readonly carried: readonly Known[]; readonly outputs: readonly Known[] } {
  let carried = initial.map(typeOf)
  for (;;) {
    const outputs = round(carried)
    const next = carried.map((known, i) => eitherOf(known, outputs[from + i]))
    const isSame = next.every((k, i) => {
      const before = carried[i]?.shape
      return (
        k.shape?.length === before?.length &&
        (k.shape ?? []).every((d, axis) => d === before?.[axis] || isOpen(before?.[axis]))
      )
    })
    if (isSame) return { carried, outputs }
    carried = next
  }
}

const isOpen = (d: Dim | undefined): boolean => typeof d === 'string' && d.startsWith('?')

/** Asks for the memory of what a body makes in every round, which is kept until it is stacked. */
export function rowsKept(call: Call): (row: Dense) => Dense {
  const memory = new MemoryBudget()
  return (row) => {
    memory.take(bytesOfDense(row), `What ${call.node.opType} "${nodeLabel(call.node)}" stacks`)
    return row
  }
}

/** The values behind one another along a new axis. @param like says type and shape where there are none */
export function stacked(values: readonly Dense[], axis: number, like: ValueInfo | undefined): Dense {
  const [first] = values
  if (!first) {
    const type = like?.type?.kind === 'tensor' ? like.type : undefined
    const shape = (type?.shape ?? []).map((d) => (typeof d === 'number' ? d : 0))
    return dense(type?.elementType ?? 'float32', shape.toSpliced(axis, 0, 0), [])
  }
  return joined(
    values.map((value) => ({ ...value, shape: value.shape.toSpliced(axis, 0, 1) })),
    axis,
  )
}

/** What stands at one place of an axis, without the axis. */
export function takenAt(x: Dense, axis: number, place: number): Dense {
  const { outer, size, inner } = linesAlong(x.shape, axis)
  const data = new Float64Array(outer * inner)
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) data[o * inner + i] = x.data[(o * size + place) * inner + i]!
  return dense(x.elementType, x.shape.toSpliced(axis, 1), data)
}

/** A value with a new axis of size 1, as a node. */
export const withAxis = (to: Unfolding, call: Call, value: string, axis: number): string =>
  reshaping('Unsqueeze', to, call, value, axis)

/** A value without an axis of size 1, as a node. */
export const withoutAxis = (to: Unfolding, call: Call, value: string, axis: number): string =>
  reshaping('Squeeze', to, call, value, axis)

function reshaping(opType: string, to: Unfolding, call: Call, value: string, axis: number): string {
  // The axes became an input with opset 13.
  const [made] =
    call.opset < 13
      ? to.nodes(opType, [value], 1, { axes: [axis] })
      : to.nodes(opType, [value, to.constant(tensorOf('int64', [1], [axis]))], 1)
  return made!
}

/** Values behind one another along a new axis, as nodes. */
export function stackedNodes(to: Unfolding, call: Call, values: readonly string[], axis: number): string {
  const rows = values.map((value) => withAxis(to, call, value, axis))
  return to.nodes('Concat', rows, 1, { axis })[0]!
}

/** The parts of a value along an axis, as nodes. */
export function partsOf(to: Unfolding, call: Call, value: string, axis: number, sizes: readonly number[]): string[] {
  // The sizes became an input with opset 13.
  return call.opset < 13
    ? to.nodes('Split', [value], sizes.length, { axis, split: sizes })
    : to.nodes('Split', [value, to.constant(tensorOf('int64', [sizes.length], sizes))], sizes.length, { axis })
}
