import { elementCount } from '../base/index.ts'
import { type Analysis, type Node, signatureOf } from '../graph/index.ts'
import { countNode } from './count.ts'
import type { Moved } from './node-count.ts'
import { lettered } from './node-law.ts'
import { ParameterFinder } from './parameters.ts'

/** Why a layer has one of its counts. */
export interface LayerFormula {
  /** What is counted. */
  readonly count: 'macs' | 'muls' | 'adds' | 'others' | 'params' | 'reads' | 'writes'
  /** In letters, as they are usual: `H·W·k²·C_in·C_out`. Undefined: the operator has none to say. */
  readonly formula?: string
  /** The same with the layer's sizes: `56·56·3²·64·64`. */
  readonly numbers?: string
  /** The number that the counter gives. */
  readonly value: number
}

/**
 * What a layer costs, as formulas with its own sizes: MACs by the law that its operator is counted by, other arithmetic as so much for each element that it makes,
 * parameters by the shapes of the stored tensors, accesses by what goes in and out.
 * @param analysis of a model that is `simplified`, as the counter sees it
 * @param node one of its nodes
 * @returns counts that are 0, or cannot be counted, are left out; each value is that of the counter
 */
export function layerFormulas(analysis: Analysis, node: Node): readonly LayerFormula[] {
  const known = analysis.calls.get(node)
  const { macs, arithmetic, reads, writes } = countNode(analysis, node)
  if (!known) return []
  const { operator, call } = known
  const found = macs !== null && !operator.control ? operator.law?.(call) : undefined
  const law = found && lettered(found)
  const elements = elementCount(call.outputs[0]?.shape)
  const outputs = call.outputs[0]?.shape?.join('·') ?? ''
  const ofArithmetic = (count: 'macs' | 'muls' | 'adds' | 'others', value: number): LayerFormula => {
    const own = count === 'others' ? undefined : law?.[count]
    const rest = value - (own && law ? own.evaluate(law.sizes) : 0)
    const times = elements ? rest / elements : Number.NaN
    const isLaw = own !== undefined && own.terms.length > 0
    if (!Number.isInteger(times)) return { count, value }
    const each = times === 1 ? '' : `${times}·`
    const more = times === 0 ? [] : [[`${each}Y`, `${each}${outputs || 1}`]]
    const parts = [...(isLaw ? [[own.toString(), own.withNumbers(law!.sizes)]] : []), ...more]
    return { count, value, formula: parts.map(([f]) => f).join(' + '), numbers: parts.map(([, n]) => n).join(' + ') }
  }
  const { muls = 0, adds = 0, others = 0 } = arithmetic ?? {}
  const parameters = new ParameterFinder(analysis).of(node)
  const names = namesOf(analysis, node)
  return [
    ofArithmetic('macs', macs ?? 0),
    ofArithmetic('muls', muls),
    ofArithmetic('adds', adds),
    ofArithmetic('others', others),
    {
      count: 'params',
      formula: parameters.map(({ name }) => names.get(name) ?? name).join(' + '),
      numbers: parameters.map(({ tensor }) => tensor.shape.join('·') || '1').join(' + '),
      value: parameters.reduce((sum, { tensor }) => sum + elementCount(tensor.shape)!, 0),
    } as const,
    moving('reads', reads, names),
    moving('writes', writes, names),
  ].filter(({ value }) => value > 0)
}

function moving(
  count: 'reads' | 'writes',
  moved: ReadonlyMap<string, Moved> | null,
  names: ReadonlyMap<string, string>,
): LayerFormula {
  const parts = [...(moved ?? [])].filter(([, { elements }]) => elements > 0)
  return {
    count,
    formula: parts.map(([name]) => names.get(name) ?? name).join(' + '),
    numbers: parts.map(([, { elements }]) => elements).join(' + '),
    value: parts.reduce((sum, [, { elements }]) => sum + elements, 0),
  }
}

/** Values of a node by what its operator calls them: X, W, B; Y is what it makes. */
function namesOf({ calls }: Analysis, node: Node): ReadonlyMap<string, string> {
  const { operator, call } = calls.get(node)!
  const slots = signatureOf(operator, call.opset)
  const names = new Map<string, string>()
  node.outputs.forEach((value, i) => {
    names.set(value, i === 0 ? 'Y' : `Y_${i + 1}`)
  })
  node.inputs.forEach((value, i) => {
    const slot = slots[Math.min(i, slots.length - 1)]?.name ?? `X_${i + 1}`
    if (!names.has(value)) names.set(value, i >= slots.length ? `${slot}_${i - slots.length + 2}` : slot)
  })
  return names
}
