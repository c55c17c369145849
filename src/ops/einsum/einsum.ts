import { broadcastShapes, type Dim, elementCount, type Shape, unknownDim } from '../../base/index.ts'
import type { Call, InferredCall } from '../../graph/index.ts'
import { mixes } from '../channel-rules.ts'
import { required, typed, wrong } from '../check.ts'
import { contractionCost } from '../matrix.ts'
import { arithmetic } from '../numbers.ts'
import { defineOperator } from '../operator.ts'
import { contract, type Names } from './forward.ts'

/*
 * Y[out] = Σ over the indices that are not in `out` of Π operands        (ONNX Einsum, opset 12)
 *
 * `bij,bjk->bik` names an index for every axis; `...` stands for axes that are broadcast; without `->` the output has the dots and the
 * indices that occur once, in alphabetical order.
 */

/** The axes of one operand or of the output: letters, and '...' where the broadcast axes lie. */
type Term = readonly string[]

interface Equation {
  readonly operands: readonly Term[]
  readonly output: Term
}

const dots = '...'

function termOf(call: Call, text: string): Term {
  const term = text.match(/\.\.\.|[A-Za-z]/g) ?? []
  if (term.join('') !== text || term.filter((s) => s === dots).length > 1)
    throw wrong(call, `the equation's term "${text}" is not one of letters and one "..."`)
  return term
}

function equationOf(call: Call<string>): Equation {
  const [left = '', right, ...more] = call.attributes.replaceAll(/\s/g, '').split('->')
  if (more.length > 0) throw wrong(call, `the equation "${call.attributes}" has several arrows`)
  const operands = left.split(',').map((t) => termOf(call, t))
  if (operands.length !== call.inputs.length)
    throw wrong(
      call,
      `the equation "${call.attributes}" is for ${operands.length} operands, received ${call.inputs.length}`,
    )
  if (right !== undefined) return { operands, output: termOf(call, right) }
  const all = operands.flat()
  const once = [...new Set(all)].filter((s) => s !== dots && all.indexOf(s) === all.lastIndexOf(s)).sort()
  return { operands, output: all.includes(dots) ? [dots, ...once] : once }
}

/** Sizes of all indices, and of the axes under the dots. */
function sizesOf(
  call: Call<string>,
  { operands }: Equation,
): { sizes: Map<string, Dim>; broadcast: Shape } | undefined {
  const sizes = new Map<string, Dim>()
  const under: Shape[] = []
  for (const [i, term] of operands.entries()) {
    const { shape } = required(call, i)
    if (!shape) return undefined
    const hasDots = term.includes(dots)
    const extra = shape.length - (term.length - (hasDots ? 1 : 0))
    if (extra < 0 || (extra > 0 && !hasDots))
      throw wrong(call, `operand ${i} has ${shape.length} dimensions, its term "${term.join('')}" names ${term.length}`)
    let axis = 0
    for (const s of term) {
      if (s === dots) {
        under.push(shape.slice(axis, axis + extra))
        axis += extra
        continue
      }
      const size = shape[axis++] as Dim
      const before = sizes.get(s)
      if (typeof before === 'number' && typeof size === 'number' && before !== size && before !== 1 && size !== 1)
        throw wrong(call, `index ${s} is ${before} long in one operand and ${size} in another`)
      if (before === undefined || before === 1 || (typeof before !== 'number' && size !== 1)) sizes.set(s, size)
    }
  }
  const broadcast = broadcastShapes(...under)
  if (!broadcast) throw wrong(call, 'the axes under "..." cannot be broadcast together')
  return { sizes, broadcast }
}

function einsumShape(call: Call<string>): Shape | undefined {
  const equation = equationOf(call)
  const found = sizesOf(call, equation)
  if (!found) return undefined
  return equation.output.flatMap((s) => {
    if (s === dots) return found.broadcast
    const size = found.sizes.get(s)
    if (size === undefined) throw wrong(call, `the output's index ${s} is in no operand`)
    return [typeof size === 'number' ? size : size || unknownDim()]
  })
}

/** All combinations of indices; more than output elements where something is summed over. */
function combinations(call: Call<string>): number {
  const { sizes, broadcast } = sizesOf(call, equationOf(call)) as NonNullable<ReturnType<typeof sizesOf>>
  return elementCount([...sizes.values(), ...broadcast]) as number
}

const contracts = (call: Call<string>): boolean => {
  const { operands, output } = equationOf(call)
  return operands.length > 1 && operands.some((t) => t.some((s) => !output.includes(s)))
}

/**
 * Two operands or more with something summed over are a contraction: a MAC for each combination of all indices (and, for operands beyond
 * the second, a multiplication each: the product is formed directly, not pair by pair). Without a sum: multiplications alone. One operand:
 * the additions of its sum, if any.
 */
function cost(call: InferredCall<string>) {
  const outputs = elementCount(call.outputs[0]?.shape) as number
  const all = combinations(call)
  const operands = call.inputs.length
  if (!contracts(call))
    return operands > 1 ? { muls: (operands - 1) * all } : all > outputs ? { adds: all, accumulators: outputs } : {}
  const product = contractionCost(outputs, all / Math.max(1, outputs))
  return { ...product, muls: (product.muls ?? 0) + (operands - 2) * all }
}

export const einsum = defineOperator<string>({
  name: 'Einsum',
  domain: '',
  attributes: (a) => a.string('equation', ''),
  infer: (call) => [typed(required(call, 0).elementType, einsumShape(call))],
  forward: (call, inputs) => {
    const operands = inputs.filter((x) => x !== undefined)
    const equation = equationOf(call)
    const found = sizesOf(call, equation)
    const [first] = operands
    if (!first || !found || operands.length < inputs.length) return []
    // Axes under the dots are named by their place from the last: "-1", "-2" …
    const under = (rank: number) => Array.from({ length: rank }, (_, i) => String(i - rank))
    const named = (term: Term, rank: number): Names =>
      term.flatMap((s) => (s === dots ? under(rank - (term.length - 1)) : [s]))
    const sizes = new Map(found.sizes as Map<string, number>)
    found.broadcast.forEach((d, i) => {
      sizes.set(String(i - found.broadcast.length), d as number)
    })
    const shape = einsumShape(call) as readonly number[]
    const terms = operands.map((x, i) => named(equation.operands[i] as Term, x.shape.length))
    return [
      arithmetic(first.elementType, {
        shape,
        data: contract(operands, terms, named(equation.output, shape.length), sizes),
      }),
    ]
  },
  cost,
  parameters: 'operands',
  fusion: (call) => (contracts(call) ? 'anchor' : undefined),
  channels: mixes('the indices of an Einsum are not followed'),
})
