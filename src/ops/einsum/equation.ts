import { broadcastShapes, type Dim, type Shape } from '../../base/index.ts'
import type { Call } from '../../graph/index.ts'
import { required, wrong } from '../shared/check.ts'
import type { Names } from './forward.ts'

/** The axes of one operand or of the output: letters, and '...' where the broadcast axes lie. */
export type Term = readonly string[]

export interface Equation {
  readonly operands: readonly Term[]
  readonly output: Term
}

export const dots = '...'

function termOf(call: Call, text: string): Term {
  const term = text.match(/\.\.\.|[A-Za-z]/g) ?? []
  if (term.join('') !== text || term.filter((s) => s === dots).length > 1)
    throw wrong(call, `the equation's term "${text}" is not one of letters and one "..."`)
  return term
}

export function equationOf(call: Call<string>): Equation {
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
export function sizesOf(
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
      const size = shape[axis++]!
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

/** A term with one name per axis: those under the dots by their place from the last, "-1", "-2" … */
export function named(term: Term, rank: number): Names {
  const under = rank - (term.length - 1)
  return term.flatMap((s) => (s === dots ? Array.from({ length: under }, (_, i) => String(i - under)) : [s]))
}
