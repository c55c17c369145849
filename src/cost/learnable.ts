import {
  bitsPerElement,
  byteLengthOf,
  decodeElements,
  elementCount,
  getOrAdd,
  isFloating,
  KerfError,
} from '../base/index.ts'
import { type Analysis, constantContent, type Dense, type Node, type Operator, usedNames } from '../graph/index.ts'
import { formulaIn, plainIn, sameFilterEverywhere } from './formula-values.ts'
import { fusionOf } from './fuse.ts'

/*
 * Which constants are learnable. A file does not say so; this is read off what they are used for:
 *
 *   weight   what a layer or a normalisation calls its weight, scale or bias: learnable. Not the filter that a depthwise convolution repeats
 *            for every channel (a blur), and not the 1s and 0s that exporters write where a normalisation has no scale and no bias.
 *   operand  of elementwise arithmetic: a vector with one value per channel of the layer before it is a bias or a scale, and learnable. Other
 *            operands are, between two layers (a positional embedding), if their values follow no formula. What stands before the first layer
 *            prepares the input, what stands behind the last one decodes the output.
 *   table    of a lookup, and what is joined to the data or spread over it: learnable before a layer, if the values follow no formula.
 */
type Role = 'weight' | 'operand' | 'table'

/** A constant input of a running node. */
export interface ConstantInput {
  readonly input: number
  /** Why it is no parameter. Absent: it is one. */
  readonly why?: string
}

/** A constant input whose role is known. */
interface Candidate {
  readonly input: number
  readonly role: Role
}

/** Judges the constant inputs of a graph's nodes. Reads values only where they decide, never those of a layer of many filters. */
export class LearnableRule {
  readonly #analysis: Analysis
  /** For every value that is computed, the channels of the nearest layers that it was made by: either end of their outputs' shapes. */
  readonly #channelsBefore = new Map<string, ReadonlySet<number>>()
  /** Values that a layer reads, itself or through others. */
  readonly #beforeLayer = new Set<string>()

  constructor(analysis: Analysis) {
    this.#analysis = analysis
    const { nodes } = analysis.model.graph
    for (const node of nodes) this.#passChannels(node)
    for (const node of nodes.toReversed())
      if (this.#isLayer(node) || node.outputs.some((o) => this.#beforeLayer.has(o)))
        for (const name of usedNames(node)) this.#beforeLayer.add(name)
  }

  /** The constant inputs of a running node that hold, or could hold, parameters. None of an unknown operator. */
  inputsOf(node: Node): ConstantInput[] {
    return this.#candidates(node).map((candidate) => {
      const why = this.#whyNot(node, candidate)
      return why === undefined ? { input: candidate.input } : { input: candidate.input, why }
    })
  }

  /** Constant inputs that an operator calls learnable, whatever their values are. */
  candidatesOf(node: Node): number[] {
    return this.#candidates(node).map((c) => c.input)
  }

  #candidates(node: Node): Candidate[] {
    const { operator, call } = this.#analysis.calls.get(node) ?? {}
    if (!operator?.parameters || !call) return []
    const present = call.inputs.flatMap((known, i) =>
      known && this.#analysis.constants.has(node.inputs[i]!) ? [i] : [],
    )
    const { parameters } = operator
    const role = roleOf(operator)
    if (parameters !== 'operands')
      return present.filter((i) => parameters.includes(i)).map((input) => ({ input, role }))
    return present
      .filter((i) => {
        const { elementType, shape } = call.inputs[i] ?? {}
        return elementType !== undefined && isFloating(elementType) && (elementCount(shape) ?? 2) > 1
      })
      .map((input) => ({ input, role }))
  }

  /** Layers, and what may hold one: nodes of operators that Kerf does not know. */
  #isLayer(node: Node): boolean {
    return !this.#analysis.calls.has(node) || this.#candidates(node).some((c) => c.role === 'weight')
  }

  #passChannels(node: Node): void {
    const shape = this.#analysis.values.get(node.outputs[0] ?? '')?.shape
    const starts = this.#isLayer(node) || this.#candidates(node).some((c) => c.role === 'table')
    const channels = new Set<number>()
    if (starts) {
      for (const size of [shape?.[1], shape?.at(-1)]) if (typeof size === 'number') channels.add(size)
    } else for (const name of node.inputs) for (const n of this.#channelsBefore.get(name) ?? []) channels.add(n)
    if (starts || node.inputs.some((name) => this.#channelsBefore.has(name)))
      for (const name of node.outputs) this.#channelsBefore.set(name, channels)
  }

  #whyNot(node: Node, { input, role }: Candidate): string | undefined {
    const name = node.inputs[input]!
    if (role === 'weight') return this.#fixedWeight(node, name)
    const shape = this.#analysis.values.get(name)?.shape ?? []
    if (role === 'operand') {
      const before = node.inputs.flatMap((n) => this.#channelsBefore.get(n) ?? [])
      if (before.length === 0) return 'it prepares the input: no layer stands before it'
      const wide = shape.filter((d) => d !== 1)
      if (wide.length === 1 && before.some((channels) => channels.has(wide[0] as number))) return undefined
    }
    if (!node.outputs.some((o) => this.#beforeLayer.has(o))) return 'it decodes the output: no layer stands behind it'
    return this.formulaIn(name)
  }

  #fixedWeight(node: Node, name: string): string | undefined {
    const fusion = fusionOf(this.#analysis, node)
    if (fusion === 'follower') {
      const written = this.#analysis.producers.get(name)?.inputs.length === 0
      const values = Array.from((written && this.#content(name)?.data) || [])
      const [first] = values
      const idle = (first === 0 || first === 1) && values.every((v) => v === first)
      return idle ? `the exporter wrote ${first}s, which change nothing` : undefined
    }
    if (fusion !== 'depthwise') return undefined
    const shape = this.#analysis.values.get(name)?.shape
    if ((shape?.length ?? 0) < 3) return undefined
    // The first two filters nearly always tell.
    const taps = elementCount(shape?.slice(1)) ?? 0
    const two = this.#firstOf(name, 2 * taps)
    if (two && !sameFilterEverywhere({ shape: [2, taps], data: two })) return undefined
    const content = this.#content(name)
    return content && sameFilterEverywhere(content)
      ? 'every channel has the same filter, which is fixed (a blur)'
      : undefined
  }

  /** Why the values of a constant, as a node reads them, are not learnt. Undefined also where they cannot be had. */
  formulaIn(name: string): string | undefined {
    const content = this.#content(name)
    return content && formulaIn(content)
  }

  readonly #contents = new Map<string, Dense | undefined>()

  /** Undefined where the values cannot be had: in a file that is missing, or from a node that only a runtime can compute. */
  #content(name: string): Dense | undefined {
    return getOrAdd(this.#contents, name, () => {
      const tensor = this.#analysis.stored.get(name)
      const first = tensor && elementCount(tensor.shape)! > large ? this.#firstOf(name, probed) : undefined
      // Its first values are as good as all.
      if (first && tensor?.data.repeats) return { elementType: tensor.elementType, shape: [probed], data: first }
      return first && plainIn(first) === undefined ? undefined : readable(() => constantContent(this.#analysis, name))
    })
  }

  /** The first values of a constant that is stored as it is. */
  #firstOf(name: string, count: number): ArrayLike<number> | undefined {
    const tensor = this.#analysis.stored.get(name)
    if (!tensor || bitsPerElement(tensor.elementType) === 0 || elementCount(tensor.shape)! < count) return undefined
    const { elementType, data } = tensor
    return readable(() => decodeElements(elementType, data.bytes(0, byteLengthOf(elementType, count)), count))
  }
}

/** Undefined where something cannot be read. Counting does not need weights: without them a constant is taken for what it most likely is. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof KerfError && unreadable.has(error.code)) return undefined
    throw error
  }
}

/** A constant of more elements is not read to its end where its first ones already follow no formula. */
const large = 1 << 20
const probed = 4096

const unreadable = new Set([
  'external-missing',
  'external-too-short',
  'path-escape',
  'no-access',
  'too-short',
  'not-constant',
])

/** What its constants are to an operator: those that compute with weights of their own, arithmetic, and those that only move data. */
function roleOf({ parameters, cost }: Operator): Role {
  if (cost === 'none') return 'table'
  return parameters === 'operands' ? 'operand' : 'weight'
}
