import { isFloating } from '../../base/index.ts'
import type { ChannelRule, Dense, InferredCall, Labels, Ties, Track } from '../../graph/index.ts'
import { alignedShape } from './alignment.ts'

/*
 * Channel rules that many operators share. All axes here count in the outputs' numbering, aligned at the last axis as ONNX broadcasts.
 */

/** One input, one or more outputs of the same shape; each element depends on its own place only: activations, Cast, Dropout. */
export const elementwise: ChannelRule = {
  places: 'own',
  zeros: () => [[0]],
  tie(call, ties) {
    const tracks = ties.tracks(0)
    ties.byRows()
    for (let i = 0; i < call.outputs.length; i++) ties.setOutput(i, tracks)
  },
}

/** Any number of inputs, broadcast together: Add, Mul, Where, Clip with tensors … */
export const broadcasting: ChannelRule = {
  places: 'own',
  tie(call, ties) {
    tieBroadcast(
      call,
      ties,
      call.node.inputs.map((_, i) => i),
    )
  },
}

const floats = (data: readonly number[]): Dense => ({ elementType: 'float32', shape: [data.length], data })

const isZero = (outputs: readonly Dense[] | undefined): boolean =>
  outputs?.[0] !== undefined && Array.from(outputs[0].data).every((y) => y === 0)

/** Y[i] = f(X[i]): 0 of 0 where f says so. */
export const unaryChannels: ChannelRule = {
  ...elementwise,
  zeros: (_, f) => (isZero(f([floats([0])])) ? [[0]] : []),
}

/** What some numbers say about all: 0 · b = 0, 0 / b = 0, 0 + 0 = 0. */
const others = floats([-3, -0.5, 0.25, 1, 7])

/** Y = f(A, B), of which one must be 0 whatever the other is, or both. Not asked of integers and truth values. */
export const binaryChannels: ChannelRule = {
  ...broadcasting,
  zeros: ({ outputs: [y] }, f) => {
    if (y?.elementType === undefined || !isFloating(y.elementType)) return []
    const zero = floats([0])
    const alternatives: [inputs: number[], a: Dense, b: Dense][] = [
      [[0], zero, others],
      [[1], others, zero],
      [[0, 1], zero, zero],
    ]
    return alternatives.flatMap(([inputs, a, b]) => (isZero(f([a, b])) ? [inputs] : []))
  },
}

/** Y = f(X1, X2, …), of which all must be 0. */
export const variadicChannels: ChannelRule = {
  ...broadcasting,
  zeros: ({ node: { inputs } }, f) => (isZero(f(inputs.map(() => floats([0])))) ? [[...inputs.keys()]] : []),
}

/** Ties the given inputs of a broadcasting operator and gives output 0 their tracks. */
export function tieBroadcast(call: InferredCall, ties: Ties, inputs: readonly number[]): void {
  const present = inputs.filter((i) => call.inputs[i] !== undefined)
  const rank = call.outputs[0]?.shape?.length
  if (rank === undefined) {
    ties.freezeInputs(`${call.node.opType} of unknown rank`)
    return
  }
  ties.byRows()
  const shapeOf = (i: number) => alignedShape(call, i) ?? []
  const out = new Map<number, Labels>()
  const multi = new Map<string, Track>()
  const variable = present.filter((i) => !ties.isConstant(i))
  const trackedAxes = new Set<number>()
  for (const i of variable.length > 0 ? variable : present)
    for (const track of ties.tracks(i)) {
      const offset = rank - shapeOf(i).length
      if (track.axes.length === 1) trackedAxes.add(track.axes[0]! + offset)
      else {
        const axes = track.axes.map((a) => a + offset)
        const before = multi.get(axes.join())
        if (before) ties.unite(before.labels, track.labels)
        else multi.set(axes.join(), { axes, labels: track.labels })
      }
    }
  for (const axis of trackedAxes)
    for (const i of present) {
      const own = axis - (rank - shapeOf(i).length)
      const size = shapeOf(i)[own]
      if (own < 0 || size === 1) continue
      const labels = ties.labels(i, own)
      const before = out.get(axis)
      if (before) ties.unite(before, labels)
      else out.set(axis, labels)
    }
  // Channels spread over several axes (inside a shuffle) only pass when every other operand has the same or nothing there.
  for (const track of multi.values())
    for (const i of present) {
      const offset = rank - shapeOf(i).length
      const spans = track.axes.some((a) => a - offset >= 0 && shapeOf(i)[a - offset] !== 1)
      const same = ties
        .tracks(i)
        .some((t) => t.axes.length > 1 && t.axes.map((a) => a + offset).join() === track.axes.join())
      const [row = 0, last = 0] = track.axes
      // One value for each row, in a tensor that is cut in equal rows or not at all.
      if (spans && !same && track.axes.length === 2 && (last - offset < 0 || shapeOf(i)[last - offset] === 1))
        ties.balance(
          track.labels,
          shapeOf(i)[row - offset] as number,
          `its ${shapeOf(i)[row - offset]} rows must stay equally long`,
        )
      else if (spans && !same)
        ties.freeze(track.labels, `${call.node.opType} combines channels that a Reshape spread over axes ${track.axes}`)
    }
  ties.setOutput(0, [...[...out].map(([axis, labels]) => ({ axes: [axis], labels })), ...multi.values()])
}

/** It makes a tensor that depends on no channels. */
export const unchannelled: ChannelRule = { tie: () => {} }

/** It asks for sizes and for nothing of the data, so channels may go; who uses the sizes is told by the new ones. */
export const sizesOnly: ChannelRule = { tie: (_, ties) => void ties.tracks(0) }

/** The operator mixes channels, so that removing one changes the others. */
export function mixes(reason: string): ChannelRule {
  return { tie: (_, ties) => ties.freezeInputs(reason) }
}

/** Takes means, maxima or neighbours over the axes after the second, per channel. */
export const amongPlaces = (rule: ChannelRule): ChannelRule => ({ ...rule, places: 'alike' })

/** Works per channel over the axes after the second: pooling, Resize in space, InstanceNormalization without its parameters. */
export const perChannel: ChannelRule = {
  zeros: () => [[0]],
  tie(call, ties) {
    const tracks = ties.tracks(0)
    for (const t of tracks)
      if (t.axes.some((a) => a > 1))
        ties.freeze(t.labels, `${call.node.opType} works across axis ${t.axes.find((a) => a > 1)}`)
    const passed = tracks.filter((t) => t.axes.every((a) => a <= 1))
    ties.byRows()
    for (let i = 0; i < call.outputs.length; i++) ties.setOutput(i, passed)
  },
}
