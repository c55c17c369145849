import { KerfError } from '../../base/index.ts'
import {
  type Affine,
  type Analysis,
  type Bounds,
  constantContent,
  type InferredCall,
  type Node,
  nodeLabel,
  usedNames,
  type WeightedSum,
} from '../../graph/index.ts'
import type { PruneResult } from '../result.ts'

/*
 * The layers of a cut network that weights can be solved for, each with the same layer of the network as it was: nodes that make one value are one.
 */

/** What nodes behind a layer do to what it gives before it is added to something else, or read. */
export interface Behind {
  /** The last value that this holds for: of the cut network and of the other one. */
  readonly value: string
  /** A scale and a shift for each channel; undefined where there is none. */
  readonly affine?: Node
  /** What is added then: the other operand's value, in both networks. */
  readonly addend?: string
  /** What comes out is cut off here by all that read it, as by a ReLU: how far it lies beyond is of no account. */
  readonly bounds?: Bounds
}

/** A layer in both networks. */
export interface SolvedLayer {
  /** Its name, or that of its output. */
  readonly name: string
  /** The value that it makes. */
  readonly output: string
  readonly sum: WeightedSum
  /** What it reads in the cut network. */
  readonly x: string
  /** The names of its stored tensors. */
  readonly weight: string
  /** Undefined where it has none yet. */
  readonly bias: string | undefined
  /** Which output channels of the network as it was these are. */
  readonly outputs: Int32Array
  readonly behind: Behind
  /** The layer as it was. */
  readonly before: {
    readonly sum: WeightedSum
    readonly x: string
    readonly weight: string
    /** Which of its input channels are left; undefined where they cannot be told. */
    readonly inputs: Int32Array | undefined
  }
}

const all = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i)

/** Layers in the order in which they run. Those whose weights are computed, or shared, are left out. */
export function solvedLayers(cut: Analysis, before: Analysis, kept: PruneResult['kept']): SolvedLayer[] {
  const layers = cut.model.graph.nodes.flatMap((node): Omit<SolvedLayer, 'behind'>[] => {
    const [output = ''] = node.outputs
    const now = layerOf(cut, node)
    const old = layerOf(before, before.producers.get(output))
    if (!now || !old) return []
    const { sum } = now
    const inputs = kept(old.x, old.sum.x.axis) ?? all(old.sum.groups * old.sum.inChannels)
    const outputs = kept(output, old.sum.y.axis) ?? all(old.sum.groups * old.sum.outChannels)
    if (sum.places !== old.sum.places || outputs.length !== sum.groups * sum.outChannels) return []
    const isSame = sum.taps === old.sum.taps && inputs.length === sum.groups * sum.inChannels
    const known = isSame ? inputs : undefined
    return [{ name: nodeLabel(node), output, ...now, outputs, before: { ...old, inputs: known } }]
  })
  return layers.map((layer, i) => {
    const later = new Set(layers.slice(i).map((l) => l.output))
    return { ...layer, behind: behind(cut, before, layer.output, later) }
  })
}

function layerOf(analysis: Analysis, node: Node | undefined) {
  const known = node && analysis.calls.get(node)
  const sum = known?.operator.channels?.sum?.(known.call as InferredCall)
  if (!node || !sum) return undefined
  const [x = '', weight = '', bias = ''] = [sum.input, sum.weight, sum.bias ?? -1].map((i) => node.inputs[i])
  const isOwn = (name: string) => analysis.stored.has(name) && analysis.consumers.get(name)?.length === 1
  if (!isOwn(weight) || (bias !== '' && !isOwn(bias)) || analysis.constants.has(x)) return undefined
  return { sum, x, weight, bias: bias === '' ? undefined : bias }
}

/** What alone reads a value, which is no output of the graph, as its first input or as the given one. */
export function onlyReader({ model, consumers }: Analysis, value: string): Node | undefined {
  const readers = consumers.get(value) ?? []
  return readers.length === 1 && !model.graph.outputs.some((o) => o.name === value) ? readers[0] : undefined
}

const epilogueOf = (analysis: Analysis, node: Node | undefined) => {
  const known = node && analysis.calls.get(node)
  const content = (input: number) => {
    const name = node?.inputs[input] ?? ''
    return analysis.constants.has(name) ? constantContent(analysis, name) : undefined
  }
  return known?.operator.epilogue?.(known.call as InferredCall, content)
}

/**
 * @param later outputs of layers whose weights are solved for later: what they make is not known yet
 */
function behind(cut: Analysis, before: Analysis, output: string, later: ReadonlySet<string>): Behind {
  const first = onlyReader(cut, output)
  const epilogue = first?.inputs[0] === output ? epilogueOf(cut, first) : undefined
  const isAffine = epilogue?.kind === 'affine' && epilogue.parameters.every((i) => cut.stored.has(first!.inputs[i]!))
  const affine = isAffine && before.producers.has(first!.outputs[0]!) ? first : undefined
  const value = affine ? affine.outputs[0]! : output
  const second = affine ? onlyReader(cut, value) : first
  const sum = epilogueOf(cut, second)?.kind === 'sum' ? second : undefined
  const addend = sum?.inputs.find((i) => i !== value)
  const old = sum && before.producers.get(sum.outputs[0]!)
  const isKnown =
    addend !== undefined &&
    // A constant is no value of a run, and moves both networks alike.
    !cut.constants.has(addend) &&
    old?.inputs.includes(addend) &&
    !dependsOn(cut, addend, later)
  const found = isKnown ? { value: sum!.outputs[0]!, affine, addend } : { value, affine }
  return { ...found, bounds: boundsOf(cut, before, found.value) }
}

/** Where both networks cut a value off; undefined where one does not. */
function boundsOf(cut: Analysis, before: Analysis, value: string): Bounds | undefined {
  const [now, was] = [cut, before].map((analysis) => epilogueOf(analysis, onlyReader(analysis, value)))
  return now?.kind === 'clamp' && was?.kind === 'clamp' && now.lo === was.lo && now.hi === was.hi ? now : undefined
}

/** Whether a value is made from one of those. */
function dependsOn({ producers }: Analysis, value: string, others: ReadonlySet<string>): boolean {
  const seen = new Set<string>()
  const open = [value]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (others.has(name)) return true
    const node = seen.has(name) ? undefined : producers.get(name)
    seen.add(name)
    if (node) open.push(...usedNames(node))
  }
  return false
}

/** Scale and shift of an affine node, with the tensors of a model that is like the analysed one. */
export function affineOf(analysis: Analysis, node: Node, tensors: (name: string) => ArrayLike<number>): Affine {
  const epilogue = epilogueOf(analysis, node)
  if (epilogue?.kind !== 'affine') throw new KerfError('internal', `"${nodeLabel(node)}" is not affine any more.`)
  return epilogue.from(epilogue.parameters.map((i) => tensors(node.inputs[i]!)))
}

/** The stored tensor that an affine node adds in the end, where nobody else reads it; undefined where there is none. */
export function addedBy(analysis: Analysis, node: Node): string | undefined {
  const epilogue = epilogueOf(analysis, node)
  const name = epilogue?.kind === 'affine' && epilogue.added !== undefined ? node.inputs[epilogue.added] : undefined
  return name !== undefined && analysis.consumers.get(name)?.length === 1 ? name : undefined
}
