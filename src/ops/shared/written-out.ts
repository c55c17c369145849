import { isFloating } from '../../base/index.ts'
import {
  type Analysis,
  either,
  float,
  knownNumber,
  makeNode,
  matched,
  type Node,
  number,
  op,
  type Pattern,
  value,
} from '../../graph/index.ts'

/*
 * Normalisations that an exporter wrote as simpler operators, so that messages can call them what they are.
 *
 *   LayerNorm: ReduceMean μ → Sub x − μ → square → ReduceMean → Add ε → Sqrt → Div        GroupNorm: Reshape → InstanceNormalization → Reshape
 */

const centred = op('Sub', [value('x'), op('ReduceMean', [value('x')])], { as: 'centred' })
const squares = [op('Pow', [centred]), op('Mul', [centred, value('centred')])]
const grouped = op('InstanceNormalization', [op('Reshape')])

/** What a node is a part of; undefined where it is nothing that we know. */
export function partOf(analysis: Analysis, node: Node): 'LayerNorm' | 'GroupNorm' | undefined {
  const [input = ''] = node.inputs
  const [output = ''] = node.outputs
  const readers = analysis.consumers.get(output) ?? []
  if (matched(analysis, output, grouped)) return readers.every((r) => r.opType === 'Reshape') ? 'GroupNorm' : undefined
  if (node.opType !== 'ReduceMean') return undefined
  const isMean = readers.some((r) => matched(analysis, r.outputs[0] ?? '', centred))
  return isMean || squares.some((square) => matched(analysis, input, square)) ? 'LayerNorm' : undefined
}

/*
 * Activations that an exporter wrote as simpler operators. Products and sums in any order, factors as products or quotients, wherever they stand.
 */

const x = value('x')
const one = number(1)
const alone = { alone: true } as const
const times = (a: Pattern, b: Pattern) => op('Mul', [a, b], { ...alone, commutes: true })
const plus = (a: Pattern, b: Pattern) => op('Add', [a, b], { ...alone, commutes: true })
const power = (exponent: number) => op('Pow', [x, number(exponent)], alone)
const scaled = (a: Pattern, factor: number) =>
  either(times(a, number(factor)), op('Div', [a, number(1 / factor)], alone))
const product = (a: Pattern, b: Pattern, factor: number) =>
  either(scaled(times(a, b), factor), times(scaled(a, factor), b), times(a, scaled(b, factor)))

/** x/2 · (1 + t) */
const halved = (t: Pattern) => either(product(x, plus(t, one), 0.5), times(x, plus(scaled(t, 0.5), number(0.5))))

const root = Math.sqrt(2 / Math.PI)
const cubic = 0.044715
const square = either(times(x, x), power(2))
/** √(2/π) · (x + 0.044715·x³) */
const bent = either(
  scaled(plus(x, either(product(x, square, cubic), scaled(power(3), cubic))), root),
  product(x, plus(either(product(x, x, cubic), scaled(power(2), cubic)), one), root),
)

interface Activation {
  readonly pattern: Pattern
  readonly opType: string
  readonly domain: string
  /** Its factor within the sigmoid. */
  readonly alpha?: 'alpha' | 1
}

const microsoft = 'com.microsoft'
const activations: readonly Activation[] = [
  { pattern: halved(op('Erf', [scaled(x, Math.SQRT1_2)], alone)), opType: 'Gelu', domain: microsoft },
  { pattern: halved(op('Tanh', [bent], alone)), opType: 'FastGelu', domain: microsoft },
  { pattern: times(x, op('Sigmoid', [x], alone)), opType: 'QuickGelu', domain: microsoft, alpha: 1 },
  {
    pattern: times(x, op('Sigmoid', [times(x, number(Number.NaN, { as: 'alpha' }))], alone)),
    ...{ opType: 'QuickGelu', domain: microsoft, alpha: 'alpha' },
  },
  {
    pattern: either(
      times(x, op('HardSigmoid', [x], { ...alone, attributes: isSixth })),
      product(x, op('Clip', [plus(x, number(3)), number(0), number(6)], alone), 1 / 6),
    ),
    ...{ opType: 'HardSwish', domain: '' },
  },
].map(({ pattern, ...rest }) => ({ ...rest, pattern: outermost(pattern) }) as Activation)

function isSixth({ alpha, beta }: { readonly alpha: number; readonly beta: number }): boolean {
  return Math.abs(alpha - 1 / 6) < 1e-7 && beta === 0.5
}

/** The same for a value that may be read any number of times. */
function outermost(pattern: Pattern): Pattern {
  if (pattern.either) return either(...pattern.either.map(outermost))
  return { ...pattern, options: { ...pattern.options, alone: false } }
}

/** An activation in several nodes, and as one. */
export interface WrittenOut {
  /** What it is: a node that makes the same value of `node.inputs[0]`. */
  readonly node: Node
  /** The nodes that it stands for, in order: the last makes the value. */
  readonly members: readonly Node[]
}

/** The activation whose last node this is; undefined where it is none that is written out. */
export function activationAt(analysis: Analysis, last: Node): WrittenOut | undefined {
  const [y = ''] = last.outputs
  for (const { pattern, opType, domain, alpha } of activations) {
    const found = matched(analysis, y, pattern)
    const x = found?.get('x')
    if (!found || x === undefined || analysis.constants.has(x)) continue
    const [from, to] = [x, y].map((name) => analysis.values.get(name))
    // Constants of more axes would add axes to the result.
    if (!from?.elementType || !isFloating(from.elementType) || from.shape?.join() !== to?.shape?.join()) continue
    const factor = alpha === 'alpha' ? knownNumber(analysis, found.get('alpha')!) : alpha
    const attributes = factor === undefined ? undefined : { alpha: float(factor) }
    const node = makeNode(opType, [x], [y], attributes, { name: last.name, domain })
    return { node, members: between(analysis, x, last) }
  }
  return undefined
}

/** The nodes that make a value of `x`, in order. */
function between(analysis: Analysis, x: string, last: Node): Node[] {
  const inputs = last.inputs.filter((name) => name !== x && !analysis.constants.has(name))
  const before = inputs.flatMap((name) => between(analysis, x, analysis.producers.get(name)!))
  return [...new Set([...before, last])]
}
