import type { ElementType } from '../base/index.ts'
import {
  type Analysis,
  analyse,
  type Constants,
  type ContentOf,
  constantContent,
  type Dense,
  editGraph,
  type KnownCall,
  type Model,
  type Node,
  nodeLabel,
  type OperatorSet,
  simplified,
  widenTensor,
} from '../graph/index.ts'
import { activationAt, type OnCodes, onCodesAt } from '../ops/index.ts'
import { UnsupportedError } from './errors.ts'
import { withoutHalves } from './widen.ts'

/** A node that runs, with what is known of it. */
export interface Unit extends KnownCall {
  /** As in the prepared model. */
  readonly node: Node
}

/** A model made ready for given input shapes: functions inlined, shapes inferred, halves widened, everything constant set apart. */
export interface Prepared extends Constants, Pick<Analysis, 'model' | 'consumers' | 'operators'> {
  /** Whether nodes were put in the place of others: bodies that are taken, what functions stand for. */
  readonly isUnfolded: boolean
  /** Element types of values as the model has them. */
  readonly declared: ReadonlyMap<string, ElementType>
  /** Nodes that depend on the inputs, in order. */
  readonly units: readonly Unit[]
  /** What a node stands for that is not the model's: an activation in several nodes, a layer between codes; none where it belongs to another such node. */
  readonly writtenOut: ReadonlyMap<Node, readonly Node[]>
  /** Whether `value` is known before running. */
  isConstant(value: string): boolean
  /** What constant `value` holds, for decisions: the plan is then one for this content alone. */
  content(value: string): Dense
  /** Constants of which that was asked. */
  readonly decisive: ReadonlySet<string>
}

/**
 * @param inputShapes concrete, one per input
 * @param onCodes whether layers between DequantizeLinear and QuantizeLinear become operators on codes
 * @throws UnsupportedError naming the first node of an operator that Kerf does not know
 */
export function prepare(
  given: Model,
  inputShapes: ReadonlyMap<string, readonly number[]>,
  operators: OperatorSet,
  onCodes = false,
): Prepared {
  const options = { inputShapes, trustsFile: false }
  const simple = simplified(given, operators, options)
  const activated = withActivations(analyse(editGraph(simple).dropUnreadOutputs().model(), operators, options))
  const { analysis: asGiven, writtenOut: coded, asked } = withCodes(activated.analysis, onCodes)
  const writtenOut = new Map([...activated.writtenOut, ...coded])
  const { model } = asGiven
  const inference = withoutHalves(asGiven)
  const stored = new Map([...asGiven.stored].map(([name, tensor]) => [name, widenTensor(tensor)]))
  const declared = new Map(
    [...asGiven.values].flatMap(([name, { elementType }]) => (elementType ? [[name, elementType]] : [])),
  )
  const units: Unit[] = []
  for (const node of model.graph.nodes) {
    const known = inference.calls.get(node)
    if (!known)
      throw new UnsupportedError(node.domain, node.opType, nodeLabel(node), 'Kerf does not know this operator')
    if (!node.outputs.every((o) => o === '' || inference.constants.has(o))) units.push({ node, ...known })
  }
  const { producers, consumers } = asGiven
  const graph = { model, operators, isUnfolded: simple !== given || coded.size > 0, producers, consumers, writtenOut }
  const factors = [...activated.writtenOut.values()].flatMap((members) => members.flatMap((node) => node.inputs))
  return prepared({ ...inference, ...graph, stored, declared, units }, [...factors, ...asked])
}

/** Activations that are written out as one node each. */
function withActivations(analysis: Analysis): Pick<Prepared, 'writtenOut'> & { readonly analysis: Analysis } {
  const { model, operators, options } = analysis
  const found = model.graph.nodes.flatMap((node) => activationAt(analysis, node) ?? [])
  const writtenOut = new Map(found.map(({ node, members }) => [node, members]))
  if (found.length === 0) return { analysis, writtenOut }
  const inPlace = new Map<Node, Node[]>(
    found.flatMap(({ node, members }) => members.map((member, i) => [member, i < members.length - 1 ? [] : [node]])),
  )
  const folded = editGraph(model)
    .rewrite((node) => inPlace.get(node) ?? node)
    .model()
  return { analysis: analyse(folded, operators, options), writtenOut }
}

/** Layers between codes on codes. */
function withCodes(
  analysis: Analysis,
  onCodes: boolean,
): Pick<Prepared, 'writtenOut'> & { readonly analysis: Analysis; readonly asked: readonly string[] } {
  const { model, operators, options } = analysis
  if (!onCodes) return { analysis, writtenOut: new Map(), asked: [] }
  const editor = editGraph(model)
  const found = model.graph.nodes.flatMap((node): readonly OnCodes[] => {
    const layer = onCodesAt(analysis, node, editor)
    return layer ? [layer] : []
  })
  if (found.length === 0) return { analysis, writtenOut: new Map(), asked: [] }
  const inPlace = new Map<Node, readonly Node[]>(
    found.flatMap(({ nodes, members }) => members.map((member, i) => [member, i < members.length - 1 ? [] : nodes])),
  )
  const coded = editor
    .rewrite((node) => inPlace.get(node) ?? node)
    .dropDead()
    .model()
  return {
    analysis: analyse(coded, operators, options),
    writtenOut: new Map(
      found.flatMap(({ nodes, members }) =>
        nodes.map((node, i): [Node, readonly Node[]] => [node, i === 0 ? members : []]),
      ),
    ),
    asked: found.flatMap(({ asked }) => asked),
  }
}

/** What a unit's inputs hold, where that is known before running, for decisions. */
export const contentOf = ({ node }: Unit, prepared: Prepared): ContentOf => {
  return (input) => {
    const name = node.inputs[input] ?? ''
    return name !== '' && prepared.isConstant(name) ? prepared.content(name) : undefined
  }
}

/** With what is asked of constants. @param asked values of which something was asked, constants among them */
export function prepared(
  known: Omit<Prepared, 'isConstant' | 'content' | 'decisive'>,
  asked: readonly string[] = [],
): Prepared {
  const decisive = new Set(asked.filter((name) => name !== '' && known.constants.has(name)))
  return {
    ...known,
    decisive,
    isConstant: (value) => known.constants.has(value),
    content: (value) => {
      decisive.add(value)
      return constantContent(known, value)
    },
  }
}
