import { stridesOf } from '../../base/index.ts'
import type { InferredCall, Ties, Track } from '../../graph/index.ts'
import { fromIndices, offsetOf } from './indices.ts'

/*
 * Where channels go when a tensor is reshaped. Axes of the input and of the output are grouped into the smallest blocks of equal
 * product: [N,C,H,W] → [N,C·H·W] has the blocks N → N and C,H,W → C·H·W. Within a block the row-major order stays, and so do labels.
 */

export interface Block {
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}

/** The blocks of two shapes with the same number of elements. */
export function factorBlocks(from: readonly number[], to: readonly number[]): Block[] {
  const blocks: Block[] = []
  let i = 0
  let o = 0
  while (i < from.length || o < to.length) {
    const inputs: number[] = []
    const outputs: number[] = []
    let a = 1
    let b = 1
    const takeInput = () => {
      a *= from[i]!
      inputs.push(i++)
    }
    const takeOutput = () => {
      b *= to[o]!
      outputs.push(o++)
    }
    if (i < from.length) takeInput()
    if (o < to.length) takeOutput()
    // Of sizes beyond 2⁵³ products may differ by rounding: the last block takes what is there.
    while (a !== b && (i < from.length || o < to.length)) {
      if (a < b && i < from.length) takeInput()
      else if (o < to.length) takeOutput()
      else takeInput()
    }
    blocks.push({ inputs, outputs })
  }
  return blocks
}

/** Labels of a track for every element of a block (row-major); axes of the block that the track does not speak of repeat. */
function spread({ axes, labels }: Track, block: Block, shape: readonly number[]): Int32Array {
  const own = stridesOf(axes.map((a) => shape[a]!))
  const strides = block.inputs.map((a) => (axes.includes(a) ? own[axes.indexOf(a)]! : 0))
  return Int32Array.from(
    fromIndices(
      block.inputs.map((a) => shape[a]!),
      (index) => labels[offsetOf(strides, index)]!,
    ),
  )
}

/** The axes of the output on which the labels depend, with the labels over these alone. */
function gathered(all: Int32Array, block: Block, shape: readonly number[]): Track | undefined {
  const sizes = block.outputs.map((a) => shape[a]!)
  const strides = stridesOf(sizes)
  const depends = block.outputs.filter((_, n) => {
    const stride = strides[n]!
    const size = sizes[n]!
    return all.some((label, i) => Math.floor(i / stride) % size > 0 && all[i - stride] !== label)
  })
  if (depends.length === 0) {
    // One label for all: a single channel, or what already goes together. An axis of the same size can carry it.
    const axis = block.outputs.find((a) => shape[a] === all.length)
    return axis === undefined ? undefined : { axes: [axis], labels: all }
  }
  const at = depends.map((a) => strides[block.outputs.indexOf(a)]!)
  return {
    axes: depends,
    labels: Int32Array.from(
      fromIndices(
        depends.map((a) => shape[a]!),
        (index) => all[offsetOf(at, index)]!,
      ),
    ),
  }
}

/** Channel rule of Reshape and Flatten. */
export function tieReshaped(call: InferredCall, ties: Ties): void {
  const { opType } = call.node
  const from = call.inputs[0]?.shape as readonly number[]
  const to = call.outputs[0]?.shape as readonly number[]
  const tracks = ties.tracks(0)
  ties.byRows()
  if (from.includes(0)) {
    ties.freezeInputs(`${opType} of a tensor without elements`, 0)
    return
  }
  const passed: Track[] = []
  for (const block of factorBlocks(from, to)) {
    const all = tracks.filter((t) => t.axes.some((a) => block.inputs.includes(a)))
    // Where only one of several axes can shrink, the others need not be followed.
    const inside = all.length > 1 ? all.filter((t) => !ties.isFrozen(t.labels)) : all
    const freeze = (why: string) => {
      for (const t of inside) ties.freeze(t.labels, why)
    }
    const mergesBatch = block.inputs.includes(0) && from[0]! > 1 && block.inputs.filter((a) => from[a]! > 1).length > 1
    const batchIsTracked = ties.isConstant(0) || inside.some((t) => t.axes.includes(0))
    if (inside.length > 1) freeze(`${opType} merges two axes whose channels can go`)
    else if (inside.some((t) => !t.axes.every((a) => block.inputs.includes(a))))
      freeze(`${opType} tears apart channels that lie on several axes`)
    else if (mergesBatch && !batchIsTracked) freeze(`${opType} merges channels with the batch`)
    else
      for (const track of inside) {
        const moved = gathered(spread(track, block, from), block, to)
        if (moved) passed.push(moved)
        else freeze(`${opType} leaves no axis for these channels`)
      }
  }
  ties.setOutput(0, passed)
}
