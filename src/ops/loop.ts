import { type Dim, elementCount, unknownDim } from '../base/index.ts'
import { type Call, type Dense, type Graph, graphInputs, type Known, subgraphsOf, tensorOf } from '../graph/index.ts'
import { defineOperator, type ReferenceOf } from './operator.ts'
import {
  bodyIn,
  inEveryRound,
  mostUnrolledNodes,
  rowsKept,
  scalar,
  stacked,
  stackedNodes,
  unrolledNodes,
} from './shared/bodies.ts'
import { contentOf, dense, wrong } from './shared/check.ts'

/*
 * Runs a body again and again (ONNX Loop): at most M times (input 0), as long as the condition holds (input 1, then the body's first output). Both may be
 * left out. Inputs 2… are handed from round to round; the body's other outputs are stacked along a new first axis.
 *
 * Body: (round, condition, carried…) → (condition, carried…, rows…).
 */

type LoopAttributes = Graph | undefined

function bodyOf(call: Call<LoopAttributes>): Graph {
  const carried = Math.max(0, call.node.inputs.length - 2)
  return bodyIn(call, call.attributes, 'body', 2 + carried, 1 + Math.max(carried, call.node.outputs.length))
}

const initial = (call: Call<LoopAttributes>) => call.inputs.slice(2)

/** Where the input that bounds the loop is known: its content, else what stands for "left out". */
const bound = (call: Call, input: number, leftOut: number): number | undefined =>
  call.inputs[input] ? contentOf(call, input)?.[0] : leftOut

const steady = (call: Call<LoopAttributes>) =>
  inEveryRound(
    initial(call),
    1,
    (carried) => call.inferBody?.(bodyOf(call), [scalar('int64'), scalar('bool', 1), ...carried]) ?? [],
  )

/** No network runs a body as often; nobody would wait for its end. */
const mostRounds = 2 ** 31

/** Whether the body's condition is the same in every round: nothing that it is made of changes, and nothing is drawn. */
function isSteady(body: Graph): boolean {
  const makers = new Map(body.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  const [round, , ...carried] = graphInputs(body).map(({ name }) => name)
  const changing = new Set([round, ...carried])
  const seen = new Set<string>()
  const waiting = body.outputs.slice(0, 1).map(({ name }) => name)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (changing.has(name)) return false
    const maker = makers.get(name)
    if (!maker || seen.has(name)) continue
    seen.add(name)
    if (subgraphsOf(maker).length > 0 || (maker.inputs.length === 0 && maker.opType !== 'Constant')) return false
    waiting.push(...maker.inputs.filter((input) => input !== ''))
  }
  return true
}

/** @throws NodeError where a body that went on once would run without end, or as good as */
function checkEnds(call: Call<LoopAttributes>, body: Graph, most: number): void {
  if (most <= mostRounds || !isSteady(body)) return
  const often = Number.isFinite(most) ? `${most} times` : 'without end, for it has no count'
  throw wrong(
    call,
    `its condition always holds, and its body runs ${often}`,
    'Give it a count (input 0), or a condition that changes.',
  )
}

/** How often the body runs, where that is known; undefined where it depends on the data. */
function knownRounds(call: Call<LoopAttributes>): number | undefined {
  const body = bodyOf(call)
  const most = bound(call, 0, Number.POSITIVE_INFINITY)
  const start = bound(call, 1, 1)
  if (most === undefined || start === undefined || !call.inferBody) return undefined
  if (start === 0 || most <= 0) return 0
  // The usual case: a condition that always holds.
  if (steady(call).outputs[0]?.value?.data[0] === 1) return Number.isFinite(most) ? most : undefined
  let carried: readonly (Known | undefined)[] = initial(call)
  for (let round = 0; round < most; round++) {
    if (unrolledNodes(body, round) > mostUnrolledNodes) return undefined
    const outputs = call.inferBody(body, [scalar('int64', round), scalar('bool', 1), ...carried])
    const goesOn = outputs[0]?.value?.data[0]
    if (goesOn === undefined) return undefined
    if (goesOn === 0) return round + 1
    carried = outputs.slice(1, 1 + carried.length)
  }
  return most
}

function inferLoop(call: Call<LoopAttributes>): Known[] {
  for (const [input, name] of ['the count', 'the condition'].entries()) {
    const count = elementCount(call.inputs[input]?.shape)
    // Without an element a count would read as one left out, and the loop as endless.
    if (count !== undefined && count !== 1) throw wrong(call, `${name} has ${count} elements, expected one`)
  }
  const { carried, outputs } = steady(call)
  const rounds: Dim = knownRounds(call) ?? unknownDim()
  const rows = outputs.slice(1 + carried.length)
  return [...carried, ...rows.map((row) => ({ ...row, shape: row.shape && [rounds, ...row.shape], value: undefined }))]
}

function* runLoop(call: Call<LoopAttributes>, inputs: readonly (Dense | undefined)[]) {
  const body = bodyOf(call)
  const most = inputs[0]?.data[0] ?? Number.POSITIVE_INFINITY
  let goesOn = inputs[1] ? inputs[1].data[0] : 1
  let carried = inputs.slice(2) as readonly Dense[]
  const keep = rowsKept(call)
  const rows: Dense[][] = body.outputs.slice(1 + carried.length).map(() => [])
  for (let round = 0; goesOn && round < most; round++) {
    const made: readonly Dense[] = yield {
      graph: body,
      inputs: [dense('int64', [], [round]), dense('bool', [], [1]), ...carried],
    }
    goesOn = made[0]?.data[0]
    if (round === 0 && goesOn) checkEnds(call, body, most)
    carried = made.slice(1, 1 + carried.length)
    rows.forEach((list, i) => {
      list.push(keep(made[1 + carried.length + i]!))
    })
  }
  return [...carried, ...rows.map((list, i) => stacked(list, 0, body.outputs[1 + carried.length + i]))]
}

export const loop = defineOperator({
  name: 'Loop',
  inputs: ['M?: whole', 'cond?: bool', 'v_initial*'],
  attributes: (a): LoopAttributes => a.graph('body'),
  infer: inferLoop,
  control: {
    alternatives: false,
    uses: (call) => [
      {
        graph: bodyOf(call),
        name: 'body',
        inputs: [scalar('int64'), scalar('bool'), ...steady(call).carried],
        times: knownRounds(call),
      },
    ],
  },
  unfold: (call, to) => {
    const body = bodyOf(call)
    const rounds = knownRounds(call)
    let carried = call.node.inputs.slice(2)
    const rows: string[][] = body.outputs.slice(1 + carried.length).map(() => [])
    // Without a round nothing tells what the rows would be.
    if (rounds === undefined || unrolledNodes(body, rounds) > mostUnrolledNodes || (rounds === 0 && rows.length > 0))
      return false
    const holds = to.constant(tensorOf('bool', [], [1]))
    for (let round = 0; round < rounds; round++) {
      const made = to.inline(body, [to.constant(tensorOf('int64', [], [round])), holds, ...carried], String(round))
      rows.forEach((list, i) => {
        list.push(made[1 + carried.length + i]!)
      })
      carried = made.slice(1, 1 + carried.length)
    }
    carried.forEach((value, i) => {
      to.output(i, value)
    })
    rows.forEach((list, i) => {
      const output = carried.length + i
      if (call.node.outputs[output]) to.output(output, stackedNodes(to, call, list, 0))
    })
    return true
  },
  computable: false,
  cost: 'none',
})

export const loopReference: ReferenceOf<typeof loop> = {
  run: runLoop,
}
