import { elementCount, isConcrete, isFloating } from '../base/index.ts'
import {
  type Attribute,
  type Cut,
  type GraphEditor,
  makeNode,
  type Node,
  nodeLabel,
  opsetOf,
  tensorOf,
} from '../graph/index.ts'
import type { ChannelTrace } from './channel-trace.ts'
import type { Recomputed } from './recomputed.ts'
import type { Survivors } from './survivors.ts'

/** The changes that one node's rule asks for, on a copy of the node. */
export class NodeCut implements Cut {
  /** Nodes that must run before it. */
  readonly before: Node[] = []
  readonly #node: Node
  readonly #inputs: string[]
  readonly #attributes: Map<string, Attribute>
  /** What stands in its place. */
  #other: Node | undefined
  readonly #trace: ChannelTrace
  readonly #survivors: Survivors
  readonly #recomputed: Recomputed
  readonly #editor: GraphEditor

  constructor(node: Node, trace: ChannelTrace, survivors: Survivors, recomputed: Recomputed, editor: GraphEditor) {
    this.#node = node
    this.#inputs = [...node.inputs]
    this.#attributes = new Map(node.attributes)
    this.#trace = trace
    this.#survivors = survivors
    this.#recomputed = recomputed
    this.#editor = editor
  }

  /** The node as it is after the changes. */
  get node(): Node {
    return this.#other ?? { ...this.#node, inputs: this.#inputs, attributes: this.#attributes }
  }

  isConstant(input: number): boolean {
    return this.#trace.analysis.stored.has(this.#inputs[input] ?? '')
  }

  #kept(name: string | undefined, axis: number): Int32Array | undefined {
    return name ? (this.#survivors.ofValue(name, axis) ?? this.#survivors.ofTensor(name, axis)) : undefined
  }

  keptInput(input: number, axis: number): Int32Array | undefined {
    return this.#kept(this.#inputs[input], axis)
  }

  keptOutput(output: number, axis: number): Int32Array | undefined {
    return this.#kept(this.#node.outputs[output], axis)
  }

  newInputShape(input: number): readonly number[] | undefined {
    return this.#survivors.shapeOf(this.#inputs[input] ?? '')
  }

  newOutputShape(output: number): readonly number[] | undefined {
    return this.#survivors.shapeOf(this.#node.outputs[output] ?? '')
  }

  newContent(input: number): readonly number[] | undefined {
    const content = this.#recomputed.content(this.#inputs[input] ?? '')
    return content && Array.from(content.data)
  }

  setInt(attribute: string, value: number): void {
    this.#attributes.set(attribute, { kind: 'int', value })
  }

  setInts(attribute: string, value: readonly number[]): void {
    this.#attributes.set(attribute, { kind: 'ints', value })
  }

  removeAttribute(attribute: string): void {
    this.#attributes.delete(attribute)
  }

  #wish(input: number): string {
    return `${nodeLabel(this.#node)}_input${input}`
  }

  setInputInts(input: number, values: readonly number[]): void {
    while (this.#inputs.length <= input) this.#inputs.push('')
    this.#inputs[input] = this.#editor.ints(this.#wish(input), values)
  }

  /** Whole numbers among the inputs that would become others, because they follow the width of something else, stay as they were. */
  keepSizes(): void {
    this.#inputs.forEach((name, input) => {
      const before = this.#trace.analysis.values.get(name)
      if (!before?.elementType || isFloating(before.elementType) || !this.#trace.analysis.constants.has(name)) return
      const [old, now] = [before.value?.data, this.#recomputed.content(name)?.data]
      if (!old || old.length !== now?.length) return
      const changed = Array.from(old, (value, i) => [i, value] as const).filter(([i, value]) => value !== now[i])
      if (changed.length > 0) this.patchInputInts(input, new Map(changed))
    })
  }

  patchInputInts(input: number, entries: ReadonlyMap<number, number>): void {
    const name = this.#inputs[input]!
    const known = this.#trace.analysis.values.get(name)
    const elementType = known?.elementType ?? 'int64'
    const old = Array.from(this.#recomputed.content(name)?.data ?? [])
    const shape = isConcrete(known?.shape) ? known.shape : [old.length]
    const size = elementCount(shape)!
    const values = Array.from({ length: size }, (_, i) => entries.get(i) ?? old[i] ?? 0)
    const patched = this.#editor.constant(this.#wish(input), tensorOf(elementType, shape, values))
    const opset = opsetOf(this.#trace.analysis.model.opsetImports, '')
    // Where came with opset 9; what is computed before that is written as it is now.
    if (this.isConstant(input) || entries.size === size || opset < 9) {
      this.#inputs[input] = patched
      return
    }
    const mask = this.#editor.constant(
      `${this.#wish(input)}_mask`,
      tensorOf(
        'bool',
        shape,
        values.map((_, i) => (entries.has(i) ? 1 : 0)),
      ),
    )
    const output = this.#editor.name(`${this.#wish(input)}_patched`)
    this.before.push(makeNode('Where', [mask, patched, name], [output]))
    this.#inputs[input] = output
  }

  replaceByGather(input: number, axis: number, indices: readonly number[]): void {
    const data = this.#inputs[input]!
    this.#other = gather(this.#node, data, axis, this.#editor.ints(`${nodeLabel(this.#node)}_indices`, indices))
  }
}

/** The node that takes `indices` (a value) of `data` along `axis`, in the place of another one. */
export const gather = (old: Node, data: string, axis: number, indices: string): Node =>
  makeNode('Gather', [data, indices], old.outputs, { axis }, { name: old.name })
