import { type Dim, unknownDim } from '../base/index.ts'
import type { Call, Dense, Graph, Known } from '../graph/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import {
  bodyIn,
  inEveryRound,
  mostUnrolledNodes,
  partsOf,
  rowsKept,
  stacked,
  stackedNodes,
  takenAt,
  typeOf,
  unrolledNodes,
  withoutAxis,
} from './shared/bodies.ts'
import { axisOf, required, typed, wrong } from './shared/check.ts'

/*
 * Runs a body for every place along an axis of the last `num_scan_inputs` inputs (ONNX Scan, opset 9, 11; the first version, of opset 8, is
 * not run). The inputs before them are handed from round to round; the body's other outputs are stacked along an axis.
 *
 * Body: (carried…, what stands at the place…) → (carried…, rows…).
 */

interface ScanAttributes {
  readonly body: Graph | undefined
  readonly scanned: number
  /** Per scanned input and per stacked output: 1 from the end. */
  readonly inputDirections: readonly number[]
  readonly outputDirections: readonly number[]
  readonly inputAxes: readonly number[]
  readonly outputAxes: readonly number[]
}

function bodyOf(call: Call<ScanAttributes>): Graph {
  const { inputs, outputs } = call.node
  return bodyIn(call, call.attributes.body, 'body', inputs.length, Math.max(carriedCount(call), outputs.length))
}

/** The first version has a batch axis, and lengths as its first input. */
const isFirstVersion = (call: Call): boolean => call.opset < 9

const carriedCount = (call: Call<ScanAttributes>): number => call.node.inputs.length - call.attributes.scanned

const inputAxis = (call: Call<ScanAttributes>, i: number): number =>
  axisOf(call, call.attributes.inputAxes[i] ?? 0, required(call, carriedCount(call) + i).shape?.length ?? 1)

/** Axis of the stacked rows, which have one axis less. */
const outputAxis = (call: Call<ScanAttributes>, i: number, rank: number): number =>
  axisOf(call, call.attributes.outputAxes[i] ?? 0, rank + 1)

/** Sizes of the scanned axes, which are one and the same. */
function rounds(call: Call<ScanAttributes>): Dim {
  const sizes = Array.from(
    { length: call.attributes.scanned },
    (_, i): Dim => required(call, carriedCount(call) + i).shape?.[inputAxis(call, i)] ?? unknownDim(),
  )
  const known = sizes.filter((d) => typeof d === 'number')
  if (new Set(known).size > 1) throw wrong(call, `the scanned axes have different sizes ${known}`)
  return known[0] ?? sizes[0] ?? unknownDim()
}

/** What is known of what stands at one place of each scanned input. */
const places = (call: Call<ScanAttributes>): Known[] =>
  call.inputs.slice(carriedCount(call)).map((known, i) => {
    const { elementType, shape } = typeOf(known)
    return { elementType, shape: shape?.toSpliced(inputAxis(call, i), 1) }
  })

const steady = (call: Call<ScanAttributes>) =>
  inEveryRound(
    call.inputs.slice(0, carriedCount(call)),
    0,
    (carried) => call.inferBody?.(bodyOf(call), [...carried, ...places(call)]) ?? [],
  )

function* runScan(call: Call<ScanAttributes>, inputs: readonly (Dense | undefined)[]) {
  if (isFirstVersion(call))
    throw wrong(call, 'its first version cannot be run', 'Export the model to operator set 9 or newer.')
  const { inputDirections, outputDirections } = call.attributes
  const body = bodyOf(call)
  const count = carriedCount(call)
  const length = rounds(call) as number
  let carried = inputs.slice(0, count) as readonly Dense[]
  const scanned = inputs.slice(count) as readonly Dense[]
  const keep = rowsKept(call)
  const rows: Dense[][] = body.outputs.slice(count).map(() => [])
  for (let round = 0; round < length; round++) {
    const made: readonly Dense[] = yield {
      graph: body,
      inputs: [
        ...carried,
        ...scanned.map((x, i) => takenAt(x, inputAxis(call, i), inputDirections[i] === 1 ? length - 1 - round : round)),
      ],
    }
    carried = made.slice(0, count)
    rows.forEach((list, i) => {
      list.push(keep(made[count + i]!))
    })
  }
  return [
    ...carried,
    ...rows.map((list, i) => {
      const ordered = outputDirections[i] === 1 ? list.reverse() : list
      return stacked(ordered, outputAxis(call, i, list[0]?.shape.length ?? 0), body.outputs[count + i])
    }),
  ]
}

export const scan = defineOperator({
  name: 'Scan',
  inputs: (opset) =>
    opset < 9 ? ['sequence_lens?', 'initial_state_and_scan_inputs…'] : ['initial_state_and_scan_inputs…'],
  attributes: (a): ScanAttributes => ({
    body: a.graph('body'),
    scanned: a.size('num_scan_inputs', 1, 0),
    inputDirections: a.ints('scan_input_directions', []),
    outputDirections: a.ints('scan_output_directions', []),
    inputAxes: a.ints('scan_input_axes', []),
    outputAxes: a.ints('scan_output_axes', []),
  }),
  infer: (call) => {
    if (isFirstVersion(call)) return call.node.outputs.map(() => typed(undefined, undefined))
    const { carried, outputs } = steady(call)
    const length = rounds(call)
    const rows = outputs.slice(carried.length).map((row, i): Known => {
      const shape = row.shape?.toSpliced(outputAxis(call, i, row.shape.length), 0, length)
      return { elementType: row.elementType, shape }
    })
    return [...carried, ...rows]
  },
  control: {
    alternatives: false,
    uses: (call) => {
      if (isFirstVersion(call)) return [{ graph: bodyOf(call), name: 'body', inputs: [], times: undefined }]
      const length = rounds(call)
      const times = typeof length === 'number' ? length : undefined
      return [{ graph: bodyOf(call), name: 'body', inputs: [...steady(call).carried, ...places(call)], times }]
    },
  },
  unfold: (call, to) => {
    if (isFirstVersion(call)) return false
    const body = bodyOf(call)
    const count = carriedCount(call)
    const length = rounds(call)
    const { outputs } = steady(call)
    const ranks = outputs.slice(count).map((row) => row.shape?.length)
    if (typeof length !== 'number' || length === 0 || unrolledNodes(body, length) > mostUnrolledNodes) return false
    if (ranks.some((rank) => rank === undefined)) return false
    const { inputDirections, outputDirections } = call.attributes
    const scanned = call.node.inputs.slice(count).map((input, i) => {
      const axis = inputAxis(call, i)
      const parts = partsOf(to, call, input, axis, new Array<number>(length).fill(1))
      const taken = parts.map((part) => withoutAxis(to, call, part, axis))
      return inputDirections[i] === 1 ? taken.reverse() : taken
    })
    let carried = call.node.inputs.slice(0, count)
    const rows: string[][] = ranks.map(() => [])
    for (let round = 0; round < length; round++) {
      const made = to.inline(body, [...carried, ...scanned.map((parts) => parts[round]!)], String(round))
      carried = made.slice(0, count)
      rows.forEach((list, i) => {
        list.push(made[count + i]!)
      })
    }
    carried.forEach((value, i) => {
      to.output(i, value)
    })
    rows.forEach((list, i) => {
      const ordered = outputDirections[i] === 1 ? list.reverse() : list
      if (call.node.outputs[count + i])
        to.output(count + i, stackedNodes(to, call, ordered, outputAxis(call, i, ranks[i]!)))
    })
    return true
  },
  computable: false,
  cost: 'none',
})

export const scanReference: ReferenceOf<typeof scan> = {
  run: runScan,
}
