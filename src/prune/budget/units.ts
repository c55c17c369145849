import { elementCount, isConcrete, isFloating } from '../../base/index.ts'
import { fusionOf } from '../../cost/index.ts'
import { type Analysis, type Attribute, accessesOf, type Call, type GraphPart, type Node } from '../../graph/index.ts'

/*
 * What a runtime does in one go: a convolution or linear layer with the normalisation, the activation and the residual addition behind it, which
 * runtimes do while they store what it makes. Every other node stands alone. Units are timed, and what a network takes is their sum.
 */

/** Nodes that run as one. */
export type Unit = GraphPart

/** The units of a network, in order; nodes that only rename or reshape take no time and belong to none. */
export function unitsOf(analysis: Analysis): Unit[] {
  const { model, constants, consumers } = analysis
  const graphOutputs = new Set(model.graph.outputs.map((o) => o.name))
  const groups: Node[][] = []
  /** The group whose last value this is, while that has one reader. */
  const ending = new Map<string, Node[]>()
  for (const node of model.graph.nodes) {
    if (node.outputs.every((o) => o === '' || constants.has(o))) continue
    const known = analysis.calls.get(node)
    if (known && accessesOf(known.operator, known.call) === 'view') continue
    const fusion = fusionOf(analysis, node)
    // Of two values that are added, the one that is made last: the runtime has it at hand.
    const joined = joins(analysis, node)
      ? [...ending].findLast(([value]) => node.inputs.filter((i) => i === value).length === 1)
      : undefined
    const group = joined?.[1] ?? []
    if (joined) ending.delete(joined[0])
    else groups.push(group)
    group.push(node)
    const [output = '', ...more] = node.outputs.filter((o) => o !== '')
    const starts = fusion !== undefined && fusion !== 'follower'
    const isAlone = more.length === 0 && consumers.get(output)?.length === 1 && !graphOutputs.has(output)
    if ((joined || starts) && isAlone) ending.set(output, group)
  }
  return groups.map((nodes) => {
    const made = new Set(nodes.flatMap((n) => n.outputs))
    const inputs = new Set(nodes.flatMap((n) => n.inputs).filter((i) => i !== '' && !made.has(i) && !constants.has(i)))
    const own = new Set(nodes)
    const leaves = (o: string) => o !== '' && (graphOutputs.has(o) || consumers.get(o)?.some((n) => !own.has(n)))
    return { nodes, inputs: [...inputs], outputs: [...made].filter(leaves) }
  })
}

/** Normalisations, activations, and the addition of another value. */
function joins(analysis: Analysis, node: Node): boolean {
  if (fusionOf(analysis, node) === 'follower') return true
  const known = analysis.calls.get(node)
  const shape = known?.call.outputs[0]?.shape
  if (!known?.operator.epilogue || !isConcrete(shape)) return false
  const isSum = known.operator.epilogue(known.call, () => undefined)?.kind === 'sum'
  return isSum && known.call.inputs.every((i) => i?.shape?.join() === shape.join())
}

/** What a unit's time depends on. */
export interface Work {
  /** Multiply–accumulates. */
  readonly macs: number
  /** Elements of activations that are read. */
  readonly reads: number
  /** Elements that are written. */
  readonly writes: number
  /** Channels of the first input (its axis 1), of which runtimes take several at a time. */
  readonly inChannels: number
  /** Channels of the first output. */
  readonly outChannels: number
}

/** Work of a unit; undefined where shapes are open. */
export function workOf(analysis: Analysis, unit: Unit, macs: ReadonlyMap<Node, number>): Work | undefined {
  const shape = (name: string) => analysis.values.get(name)?.shape
  const count = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + (elementCount(shape(name)) ?? Number.NaN), 0)
  const channels = (name: string | undefined) => Number(shape(name ?? '')?.[1] ?? 1)
  const work = {
    macs: unit.nodes.reduce((sum, node) => sum + (macs.get(node) ?? 0), 0),
    reads: count(unit.inputs),
    writes: count(unit.outputs),
    inChannels: channels(unit.inputs[0]),
    outChannels: channels(unit.outputs[0]),
  }
  return Object.values(work).every(Number.isFinite) ? work : undefined
}

/**
 * What two units have in common that differ in their channels alone: operators, attributes, the other axes, and whether a convolution is depthwise.
 * @param isChannel axes whose length channels decide
 */
export function signatureOf(
  analysis: Analysis,
  unit: Unit,
  isChannel: (value: string, axis: number) => boolean,
): string {
  const shapeText = (name: string) => {
    const known = analysis.values.get(name)
    return `${known?.elementType}[${known?.shape?.map((d, axis) => (isChannel(name, axis) ? 'C' : d)).join()}]`
  }
  const nodes = unit.nodes.map((node) => {
    const known = analysis.calls.get(node)
    const attributes = [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1))
    return `${node.domain}:${node.opType}(${attributes.map(([name, a]) => `${name}=${attributeText(a, name, known?.call)}`).join(' ')})`
  })
  // Sizes, axes and indices are whole numbers, and follow the channels.
  const isWeight = (name: string) => {
    const type = analysis.values.get(name)?.elementType
    return analysis.constants.has(name) && type !== undefined && isFloating(type)
  }
  const operands = unit.nodes.flatMap((n) => n.inputs.filter(isWeight).map(shapeText))
  return [nodes.join('+'), unit.inputs.map(shapeText).join(), operands.join(), unit.outputs.map(shapeText).join()].join(
    ' | ',
  )
}

/** The number of groups follows the channels where each has its own. */
function attributeText(attribute: Attribute, name: string, call: Call | undefined): string {
  if (!('value' in attribute)) return attribute.kind
  const { value } = attribute
  const isWhole = typeof value === 'number' || typeof value === 'bigint'
  const channels = call?.inputs[0]?.shape?.[1]
  if (isWhole && name === 'group' && Number(value) > 1 && Number(value) === channels) return 'each'
  if (isWhole || typeof value === 'string') return `${value}`
  return Array.isArray(value) && value.every((v) => typeof v === 'number' || typeof v === 'bigint')
    ? value.join()
    : attribute.kind
}
