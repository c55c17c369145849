import { byteLengthOf, elementCount } from '../base/index.ts'
import type { Analysis } from './analysis.ts'
import { type Constants, constantContent } from './constants.ts'
import { editGraph } from './editor.ts'
import type { Model, Tensor } from './model.ts'
import { tensorOf } from './tensor.ts'

/*
 * Files hold weights in many ways: as initializers (up to IR version 3 listed among the inputs), as Constant nodes, under a second name
 * (Identity), or as the result of nodes that read constants alone. Who changes weights asks for those it means as initializers.
 */

/** Follows second names of a constant to the value that they stand for. */
export function constantSource({ values, calls, constants, producers }: Analysis, value: string): string {
  let name = value
  for (;;) {
    const node = producers.get(name)
    const known = node && calls.get(node)
    const [source = ''] = node?.inputs ?? []
    if (known?.operator.accesses !== 'view' || source === '' || !constants.has(source)) return name
    const [from, to] = [values.get(source), values.get(name)]
    if (from?.elementType !== to?.elementType || from?.shape?.join() !== to?.shape?.join()) return name
    name = source
  }
}

/** The stored tensors that a value is made from; undefined where that is not all: it depends on a shape, or on the graph's inputs. */
export function sourcesOf(
  { stored, producers }: Pick<Analysis, 'stored' | 'producers'>,
  value: string,
): ReadonlySet<string> | undefined {
  const found = new Set<string>()
  const seen = new Set<string>([''])
  const open = [value]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    if (stored.has(name)) found.add(name)
    else {
      const node = producers.get(name)
      if (!node) return undefined
      for (const input of node.inputs) open.push(input)
    }
  }
  return found
}

/**
 * The model with these constants as initializers, computed where nodes make them; readers of a second name read the first. What nobody reads any
 * more is dropped. Values that are not constant, and initializers, are left as they are.
 * @throws KerfError `not-constant` when an operator on the way has no reference implementation
 */
export function withStoredConstants(analysis: Analysis, values: Iterable<string>): Model {
  const { model, constants, stored, producers } = analysis
  const editor = editGraph(model)
  const renamed = new Map<string, string>()
  for (const value of values) {
    if (value === '' || !constants.has(value)) continue
    const source = constantSource(analysis, value)
    if (source !== value) renamed.set(value, source)
    if (editor.initializers.has(source) || renamed.has(source)) continue
    const tensor = stored.get(source) ?? computedTensor(analysis, source)
    // Of a node with several outputs the others are still needed.
    if ((producers.get(source)?.outputs.length ?? 1) === 1) editor.replaceStored(source, tensor)
    else renamed.set(source, editor.constant(`${source}_stored`, tensor))
  }
  const nameOf = (name: string): string => {
    let last = name
    for (let next = renamed.get(last); next !== undefined; next = renamed.get(last)) last = next
    return last
  }
  return editor
    .rewrite((node) =>
      node.inputs.some((name) => renamed.has(name)) ? { ...node, inputs: node.inputs.map(nameOf) } : node,
    )
    .dropUnread()
    .model()
}

function computedTensor(constants: Constants, value: string): Tensor {
  const { elementType, shape, data } = constantContent(constants, value)
  return tensorOf(elementType, shape, data)
}

/**
 * Whether a constant may take the place of what it is made from: it follows from stored tensors alone, and takes no more room than they do. Codes
 * that become floats take 4 times as much.
 */
export function isStorable(analysis: Constants, value: string): boolean {
  const { values, constants, stored } = analysis
  const { elementType, shape } = values.get(value) ?? {}
  const count = elementCount(shape)
  const sources = constants.has(value) ? sourcesOf(analysis, value) : undefined
  if (!sources || elementType === undefined || count === undefined) return false
  const before = [...sources].reduce((sum, name) => sum + stored.get(name)!.data.byteLength, 0)
  return byteLengthOf(elementType, count) <= before
}
