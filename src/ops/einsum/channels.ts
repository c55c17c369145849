import type { ChannelRule, InferredCall, Labels, Ties, Track } from '../../graph/index.ts'
import { freeAxis, type OperandAxis, tieSummed, tieVector } from '../shared/matrix.ts'
import { equationOf, named } from './equation.ts'

/*
 * An index ties all axes that it names: one that is summed over, as the inner one of a matrix product; one of the output, as rows, columns and batch.
 * Axes of size 1 that are broadcast stay.
 */

/** Where each index lies, in operands in which it is not broadcast. */
function placesOf(call: InferredCall<string>): Map<string, OperandAxis[]> {
  const places = new Map<string, (OperandAxis & { readonly size: number })[]>()
  equationOf(call).operands.forEach((term, input) => {
    const shape = call.inputs[input]?.shape as readonly number[]
    named(term, shape.length).forEach((name, axis) => {
      places.set(name, [...(places.get(name) ?? []), { input, axis, size: shape[axis]! }])
    })
  })
  return new Map(
    [...places].map(([name, all]) => {
      const size = Math.max(...all.map((place) => place.size))
      return [name, all.filter((place) => place.size === size)]
    }),
  )
}

function uniteAll(ties: Ties, places: readonly OperandAxis[]): Labels {
  const [first, ...others] = places.map(({ input, axis }) => ties.labels(input, axis)) as [Labels, ...Labels[]]
  for (const other of others) ties.unite(first, other)
  return first
}

const isOnly = (places: readonly OperandAxis[], input: number): boolean =>
  places.length === 1 && places[0]!.input === input

function tieEinsum(call: InferredCall<string>, ties: Ties): void {
  const rank = call.outputs[0]?.shape?.length as number
  const output = named(equationOf(call).output, rank)
  const places = placesOf(call)
  const summed = [...places].filter(([name]) => !output.includes(name)).map(([, all]) => all)
  const hasFree = (input: number) => output.some((name) => isOnly(places.get(name)!, input))
  for (const all of summed) {
    const weights = all.filter(({ input }) => ties.isWeight(input))
    if (weights.length === 0) tieSummed(ties, all)
    else if (all.length > 1) {
      const labels = uniteAll(ties, all)
      for (const { input } of weights) if (!hasFree(input)) tieVector(ties, input, labels)
    }
  }
  const tracks: Track[] = []
  output.forEach((name, axis) => {
    const all = places.get(name)!
    const [only] = all as [OperandAxis]
    const labels =
      all.length === 1
        ? freeAxis(ties, only.input, only.axis, summedWith(only.input, summed))
        : all.some((place) => ties.isTracked(place.input, place.axis))
          ? uniteAll(ties, all)
          : undefined
    if (labels) tracks.push({ axes: [axis], labels })
  })
  ties.setOutput(0, tracks)
}

/** What a weight is summed over, where that is one axis of one other operand. */
function summedWith(weight: number, summed: readonly (readonly OperandAxis[])[]): OperandAxis | undefined {
  const own = summed.filter((all) => all.some(({ input }) => input === weight))
  const [others, ...more] = own.map((all) => all.filter(({ input }) => input !== weight))
  return more.length === 0 && others?.length === 1 ? others[0] : undefined
}

export const einsumChannels: ChannelRule<string> = {
  tie: tieEinsum,
  zeros: (call) => call.node.inputs.map((_, i) => [i]),
}
