import { NodeError } from '../base/index.ts'
import { type Attribute, type Graph, type Integer, type Node, nodeLabel, type Tensor } from './model.ts'

const asNumber = (value: Integer): number => Number(value)

const asText = (value: string | Uint8Array): string =>
  typeof value === 'string' ? value : new TextDecoder().decode(value)

/** Reads a node's attributes by kind, with ONNX's defaults given by the caller; a wrong kind is an error that names the node. */
export class AttributeReader {
  readonly node: Node

  constructor(node: Node) {
    this.node = node
  }

  has(name: string): boolean {
    return this.node.attributes.has(name)
  }

  int(name: string): number | undefined
  int(name: string, fallback: number): number
  int(name: string, fallback?: number): number | undefined {
    const a = this.#get(name, 'int')
    return a ? asNumber(a.value) : fallback
  }

  ints(name: string): number[] | undefined
  ints(name: string, fallback: number[]): number[]
  ints(name: string, fallback?: number[]): number[] | undefined {
    const a = this.#get(name, 'ints')
    return a ? a.value.map(asNumber) : fallback
  }

  float(name: string): number | undefined
  float(name: string, fallback: number): number
  float(name: string, fallback?: number): number | undefined {
    return this.#get(name, 'float')?.value ?? fallback
  }

  floats(name: string): readonly number[] | undefined {
    return this.#get(name, 'floats')?.value
  }

  string(name: string): string | undefined
  string(name: string, fallback: string): string
  string(name: string, fallback?: string): string | undefined {
    const value = this.#get(name, 'string')?.value
    return value === undefined ? fallback : asText(value)
  }

  strings(name: string): readonly string[] | undefined {
    return this.#get(name, 'strings')?.value.map(asText)
  }

  tensor(name: string): Tensor | undefined {
    return this.#get(name, 'tensor')?.value
  }

  graph(name: string): Graph | undefined {
    return this.#get(name, 'graph')?.value
  }

  #get<K extends Attribute['kind']>(name: string, kind: K): Extract<Attribute, { kind: K }> | undefined {
    const a = this.node.attributes.get(name)
    if (!a) return undefined
    if (a.kind !== kind)
      throw new NodeError('wrong-attribute', {
        opType: this.node.opType,
        node: nodeLabel(this.node),
        problem: `attribute ${name} should be of kind ${kind}, is ${a.kind}`,
      })
    return a as Extract<Attribute, { kind: K }>
  }
}
