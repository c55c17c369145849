import { NodeError } from '../base/index.ts'
import { type Attribute, type Graph, type Integer, type Node, nodeLabel, type Tensor } from './model.ts'

const asNumber = (value: Integer): number => Number(value)

const asText = (value: string | Uint8Array): string =>
  typeof value === 'string' ? value : new TextDecoder().decode(value)

/**
 * Reads a node's attributes by kind, with ONNX's defaults given by the caller (`fallback`; without one, undefined where the node has none of that `name`).
 * A wrong kind, or a value that the operator does not take, is a NodeError `wrong-attribute`: what a reader's caller says of the range is all that checks it.
 */
export class AttributeReader {
  /** Whose attributes they are. */
  readonly node: Node

  constructor(node: Node) {
    this.node = node
  }

  /** Whether the node has attribute `name`. */
  has(name: string): boolean {
    return this.node.attributes.has(name)
  }

  /** The integer `name`, otherwise `fallback`; a number, exact up to 2^53. */
  int(name: string): number | undefined
  int(name: string, fallback: number): number
  int(name: string, fallback?: number): number | undefined {
    const a = this.#get(name, 'int')
    return a ? asNumber(a.value) : fallback
  }

  /** The integers `name`, otherwise `fallback`. */
  ints(name: string): number[] | undefined
  ints(name: string, fallback: number[]): number[]
  ints(name: string, fallback?: number[]): number[] | undefined {
    const a = this.#get(name, 'ints')
    return a ? a.value.map(asNumber) : fallback
  }

  /** The number `name`, otherwise `fallback`. */
  float(name: string): number | undefined
  float(name: string, fallback: number): number
  float(name: string, fallback?: number): number | undefined {
    return this.#get(name, 'float')?.value ?? fallback
  }

  /** The numbers `name`. */
  floats(name: string): readonly number[] | undefined {
    return this.#get(name, 'floats')?.value
  }

  /** The text `name`, otherwise `fallback`. */
  string(name: string): string | undefined
  string(name: string, fallback: string): string
  string(name: string, fallback?: string): string | undefined {
    const value = this.#get(name, 'string')?.value
    return value === undefined ? fallback : asText(value)
  }

  /** The texts `name`. */
  strings(name: string): readonly string[] | undefined {
    return this.#get(name, 'strings')?.value.map(asText)
  }

  /** The int `name` that is 0 or 1, otherwise `fallback`. */
  flag(name: string, fallback = false): boolean {
    const value = this.int(name, Number(fallback))
    if (value !== 0 && value !== 1) throw this.#wrong(name, `should be 0 or 1, is ${value}`)
    return value === 1
  }

  /** The integer `name`, not less than `least`, otherwise `fallback`. */
  size(name: string, least?: number): number | undefined
  size(name: string, least: number, fallback: number): number
  size(name: string, least = 1, fallback?: number): number | undefined {
    const value = this.int(name)
    if (value !== undefined && !(value >= least)) throw this.#wrong(name, `should be at least ${least}, is ${value}`)
    return value ?? fallback
  }

  /** The integers `name`, none of which is less than `least`. */
  sizes(name: string, least = 1): number[] | undefined {
    const values = this.ints(name)
    if (values?.some((value) => !(value >= least)))
      throw this.#wrong(name, `should hold numbers of at least ${least}, is [${values}]`)
    return values
  }

  /** The text `name`, one of `choices`, otherwise `fallback`; an empty text says nothing. */
  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.string(name) || fallback
    const chosen = choices.find((choice) => choice === value)
    if (chosen === undefined)
      throw this.#wrong(
        name,
        value === undefined ? `is missing: ${choices.join(', ')}` : `is "${value}", none of ${choices.join(', ')}`,
      )
    return chosen
  }

  /** The tensor `name`. */
  tensor(name: string): Tensor | undefined {
    return this.#get(name, 'tensor')?.value
  }

  /** The body `name`. */
  graph(name: string): Graph | undefined {
    return this.#get(name, 'graph')?.value
  }

  #get<K extends Attribute['kind']>(name: string, kind: K): Extract<Attribute, { kind: K }> | undefined {
    const a = this.node.attributes.get(name)
    if (!a) return undefined
    if (a.kind !== kind) throw this.#wrong(name, `should be of kind ${kind}, is ${a.kind}`)
    return a as Extract<Attribute, { kind: K }>
  }

  #wrong(name: string, problem: string): NodeError {
    return new NodeError('wrong-attribute', {
      opType: this.node.opType,
      node: nodeLabel(this.node),
      problem: `attribute ${name} ${problem}`,
      remedy: 'Export the model again.',
    })
  }
}
