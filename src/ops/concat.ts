import { type Dim, elementCount, unknownDim } from '../base/index.ts'
import type { Call, InferredCall, Known, Labels, Ties, Track } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type TrainingOf } from './operator.ts'
import { gradientOf, shapeIn, shapeOut } from './shared/backward.ts'
import { axisOf, required, typed, wrong } from './shared/check.ts'
import { joined } from './shared/joining.ts'
import { amongInputs } from './shared/range-rules.ts'

export interface ConcatAttributes {
  readonly axis: number | undefined
}

export function concatAxis(call: Call<ConcatAttributes>, rank: number): number {
  const { axis } = call.attributes
  if (axis === undefined) throw wrong(call, 'the attribute axis is missing')
  return axisOf(call, axis, rank)
}

function concatShape(call: Call<ConcatAttributes>, inputs: readonly Known[]): Dim[] | undefined {
  const known = inputs.flatMap((x) => (x.shape ? [x.shape] : []))
  const first = known[0]
  if (!first) return undefined
  const axis = concatAxis(call, first.length)
  if (known.some((s) => s.length !== first.length)) throw wrong(call, 'the inputs have different numbers of dimensions')
  return first.map((_, a): Dim => {
    const sizes = known.map((s) => s[a]!)
    if (a === axis)
      return known.length === inputs.length && sizes.every((d) => typeof d === 'number')
        ? sizes.reduce((sum, d) => sum + d, 0)
        : unknownDim()
    const given = sizes.find((d) => typeof d === 'number') ?? sizes[0]!
    if (sizes.some((d) => typeof d === 'number' && d !== given))
      throw wrong(call, `the inputs differ on axis ${a}, and only axis ${axis} may differ`)
    return given
  })
}

function tieConcat(call: InferredCall<ConcatAttributes>, ties: Ties): void {
  const inputs = [...call.node.inputs.keys()]
  const shapeOf = (i: number) => call.inputs[i]?.shape as readonly number[]
  const axis = concatAxis(call, shapeOf(0).length)
  const variable = inputs.filter((i) => !ties.isConstant(i))
  const tracked = new Set<number>()
  for (const i of variable.length > 0 ? variable : inputs)
    for (const { axes, labels } of ties.tracks(i))
      if (axes.length === 1) tracked.add(axes[0]!)
      else ties.freeze(labels, `Concat joins channels that lie on axes ${axes}`)
  const tracks: Track[] = [...tracked].map((a) => {
    const parts = inputs.map((i): Labels => ties.labels(i, a))
    if (a === axis) return { axes: [a], labels: Int32Array.from(parts.flatMap((p) => [...p])) }
    for (const part of parts.slice(1)) ties.unite(parts[0]!, part)
    return { axes: [a], labels: parts[0]! }
  })
  ties.setOutput(0, tracks)
}

/** Y = the inputs behind one another along `axis` (ONNX Concat, opset 1, 4, 11, 13). Gradients: the parts of dY. */
export const concat = defineOperator({
  name: 'Concat',
  inputs: ['inputs…: =inputs'],
  // Required from opset 4 on.
  attributes: (a, opset): ConcatAttributes => ({ axis: a.int('axis') ?? (opset < 4 ? 1 : undefined) }),
  infer: (call) => {
    const inputs = call.node.inputs.map((_, i) => required(call, i))
    if (inputs.length === 0) throw wrong(call, 'it has no input')
    return [typed(inputs.find((x) => x.elementType)?.elementType, concatShape(call, inputs))]
  },
  forward: (call, inputs) => {
    const given = inputs.filter((x) => x !== undefined)
    const shape = concatShape(call, given)
    if (!shape) return []
    return [joined(given, concatAxis(call, shape.length))]
  },
  cost: 'none',
  range: amongInputs,
  picks: (call) => ({
    axis: concatAxis(call, call.outputs[0]?.shape?.length ?? 0),
    outputs: [
      call.inputs.map((x, input) => ({
        input,
        first: 0,
        count: x?.shape?.[concatAxis(call, x.shape.length)] as number,
      })),
    ],
  }),
  accesses: (call) => ({
    reads: call.inputs.map((x) => elementCount(x?.shape)!),
    writes: [elementCount(call.outputs[0]?.shape)!],
  }),
  // Tokens and positions that transformers learn come in here.
  parameters: 'operands',
})

export const concatChannels: ChannelsOf<typeof concat> = { tie: tieConcat, places: 'own' }

export const concatTraining: TrainingOf<typeof concat> = {
  backward: (call) => {
    const shapes = call.inputs.map((_, i) => shapeIn(call, i))
    const axis = concatAxis(call, shapeOut(call).length)
    return call.emit.split(
      gradientOf(call),
      axis,
      shapes.map((shape) => shape[axis]!),
    )
  },
}
