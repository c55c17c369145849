import { getOrAdd, KerfError, NodeError } from '../base/index.ts'
import { editGraph, type GraphEditor, makeNode } from './editor.ts'
import type { Attribute, FunctionDefinition, Graph, Model, Node, Tensor, ValueInfo } from './model.ts'
import { nodeLabel } from './model.ts'
import type { OperatorSet } from './operator.ts'
import { allNames, capturedNames, shortName, subgraphsOf } from './traverse.ts'

/*
 * Model-local functions (onnx.proto `FunctionProto`, IR version 8): a call is a node whose domain, type and overload are those of a
 * function of the model, and stands for the function's nodes. So does a node of a composite operator, whose function Kerf knows.
 */

const keyOf = (f: { domain: string; name: string; overload?: string }): string =>
  `${f.domain}:${f.name}:${f.overload ?? ''}`
const calledBy = (node: Node): string => keyOf({ domain: node.domain, name: node.opType, overload: node.overload })

/**
 * Replaces calls of model-local functions, and nodes of composite operators, by the functions' bodies: attribute references become the call's values (or the defaults),
 * names inside become unique. Subgraphs (If, Loop) are inlined too. Calls of operators that `operators` knows stay: they need no
 * body. So do calls of functions that speak another version of an operator set than the model does: those nodes would change meaning.
 * @returns the same model when it calls none
 * @throws KerfError `invalid-graph` when functions call each other in a circle, `too-large` when they stand for more nodes than anybody can look through
 */
export function inlineFunctions(model: Model, operators?: OperatorSet): Model {
  const editor = editGraph(model)
  const inliner = new Inliner(editor, model.functions, operators)
  editor.rewrite((node) => inliner.node(node))
  if (editor.model() === model) return model
  return editor.setFunctions(model.functions.filter((f) => inliner.left.has(keyOf(f)))).model()
}

/** The operator set of what composite operators stand for, in models that name none. */
const unsaid = 17

/** So many nodes may be made in the place of others: a few functions that call each other twice stand for any number. */
export const mostMadeNodes = 2 ** 18

/** Bodies in bodies; files hold no more than this, functions could. */
const deepestBody = 100

class Inliner {
  /** Functions whose calls stay. */
  readonly left = new Set<string>()
  readonly #editor: GraphEditor
  readonly #functions: ReadonlyMap<string, FunctionDefinition>
  /** Names of functions, which most operators have not. */
  readonly #names: ReadonlySet<string>
  readonly #agreeing = new Map<FunctionDefinition, boolean>()
  readonly #made = new Map<FunctionDefinition, ReadonlySet<string>>()
  readonly #operators: OperatorSet | undefined
  /** Functions that are being inlined, outermost first. */
  readonly #open = new Set<string>()
  #count = 0
  #depth = 0

  constructor(editor: GraphEditor, functions: readonly FunctionDefinition[], operators: OperatorSet | undefined) {
    this.#editor = editor
    this.#functions = new Map(functions.map((f) => [keyOf(f), f]))
    this.#names = new Set(functions.map((f) => f.name))
    this.#operators = operators
  }

  /** What stands in a node's place in the end. Functions may call each other in as long a row as the file is large: no recursion. */
  node(given: Node): Node[] {
    const done: Node[] = []
    const rows: { readonly nodes: readonly Node[]; readonly key?: string; at: number }[] = [{ nodes: [given], at: 0 }]
    for (let row = rows.at(-1); row; row = rows.at(-1)) {
      const node = row.nodes[row.at++]
      if (!node) {
        if (row.key !== undefined) this.#open.delete(row.key)
        rows.pop()
        continue
      }
      const inside = this.#inside(node)
      if (inside) rows.push({ ...inside, at: 0 })
      else done.push(this.#called(node) ? node : this.#withInlinedSubgraphs(node))
    }
    return done
  }

  #called(node: Node): FunctionDefinition | undefined {
    return this.#names.has(node.opType) ? this.#functions.get(calledBy(node)) : undefined
  }

  /** What a node stands for; undefined: for itself. */
  #inside(node: Node): { readonly nodes: readonly Node[]; readonly key?: string } | undefined {
    const definition = this.#called(node)
    if (!definition) {
      const opset = this.#editor.opsetImports.get('') ?? unsaid
      const meaning = this.#operators?.composite?.(node.domain, node.opType)?.body(node, opset)
      return meaning && { nodes: this.#expanded(meaning, node, meaning.main) }
    }
    const key = keyOf(definition)
    if (
      this.#operators?.get(node.domain, node.opType) ||
      !getOrAdd(this.#agreeing, definition, () => this.#agrees(definition))
    ) {
      this.left.add(key)
      return undefined
    }
    if (this.#open.has(key)) {
      const open = [...this.#open]
      const circle = [...open.slice(open.indexOf(key)), key].map((k) => k.split(':')[1]).join(' → ')
      throw new KerfError(
        'invalid-graph',
        `Functions of the model call each other in a circle: ${circle}. Export the model again.`,
      )
    }
    this.#open.add(key)
    return { nodes: this.#expanded(definition, node), key }
  }

  #import(definition: FunctionDefinition): void {
    for (const [domain, version] of definition.opsetImports)
      if (!this.#editor.opsetImports.has(domain)) this.#editor.import(domain, version)
  }

  /** Nodes mean the same inside the function and outside. */
  #agrees(definition: FunctionDefinition): boolean {
    const used = new Set(definition.nodes.map((n) => n.domain))
    return [...definition.opsetImports].every(([domain, version]) => {
      const outside = this.#editor.opsetImports.get(domain)
      return outside === undefined || outside === version || !used.has(domain)
    })
  }

  #withInlinedSubgraphs(node: Node): Node {
    if (subgraphsOf(node).length === 0) return node
    if (this.#depth === deepestBody)
      throw new KerfError(
        'invalid-graph',
        `Bodies of nodes lie more than ${deepestBody} deep in each other, at ${node.opType} "${nodeLabel(node)}". Export the model again.`,
      )
    this.#depth++
    const attributes = mapSubgraphs(node.attributes, (g) => this.#body(g))
    this.#depth--
    const same = [...attributes].every(([name, a]) => a === node.attributes.get(name))
    return same ? node : { ...node, attributes }
  }

  #body(graph: Graph): Graph {
    const nodes = graph.nodes.flatMap((node) => this.node(node))
    return nodes.length === graph.nodes.length && nodes.every((n, i) => n === graph.nodes[i])
      ? graph
      : { ...graph, nodes }
  }

  /** The function's nodes under fresh names, its inputs and outputs bound to those of the call. */
  #expanded(definition: FunctionDefinition, call: Node, main?: Node): Node[] {
    this.#import(definition)
    this.#count += definition.nodes.length
    if (this.#count > mostMadeNodes)
      throw new KerfError(
        'too-large',
        `The functions of the model, written out, are more than ${mostMadeNodes} nodes. Export the model without functions that call others so often.`,
        { limit: mostMadeNodes },
      )
    const prefix = shortName(nodeLabel(call))
    for (const kind of ['inputs', 'outputs'] as const)
      if (call[kind].length > definition[kind].length)
        throw new NodeError('wrong-node', {
          opType: call.opType,
          node: prefix,
          problem: `it has ${call[kind].length} ${kind}, where it takes at most ${definition[kind].length}`,
          remedy: 'Export the model again.',
        })
    const names = new Map<string, string>([['', '']])
    definition.inputs.forEach((name, i) => {
      names.set(name, call.inputs[i] ?? '')
    })
    const made = getOrAdd(this.#made, definition, () => new Set(definition.nodes.flatMap((n) => n.outputs)))
    const forwarded: [from: string, to: string][] = []
    definition.outputs.forEach((name, i) => {
      const outside = call.outputs[i] ?? ''
      if (outside === '') return
      // An input handed through, or one value returned twice, needs a node to carry the second name.
      if (made.has(name) && !names.has(name)) names.set(name, outside)
      else forwarded.push([name, outside])
    })
    const rename = (name: string): string => renamedIn(names, name, this.#editor, prefix)
    const nodes = definition.nodes.map((node) => copied(node, rename, prefix, (a) => attributeIn(a, call, definition)))
    const named = main && nodes[definition.nodes.indexOf(main)]
    const identities = forwarded.map(([from, to]) =>
      makeNode('Identity', [names.get(from) ?? ''], [to], {}, { name: this.#editor.name(`${prefix}/${from}`) }),
    )
    return [...nodes.map((n) => (n === named ? { ...n, name: prefix } : n)), ...identities]
  }
}

/** The new name of a name, a fresh one when it is asked for first. */
function renamedIn(names: Map<string, string>, name: string, editor: GraphEditor, prefix: string): string {
  return getOrAdd(names, name, () => editor.name(`${prefix}/${name}`))
}

/** A node, and the graphs that it holds, under other names. */
function copied(
  node: Node,
  rename: (name: string) => string,
  prefix: string,
  resolve: (a: Attribute) => Attribute | undefined = (a) => a,
): Node {
  const renamed = {
    ...node,
    name: shortName(`${prefix}/${nodeLabel(node)}`),
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }
  if (node.attributes.size === 0) return renamed
  const attributes = new Map<string, Attribute>()
  for (const [name, attribute] of node.attributes) {
    const resolved = resolve(attribute)
    if (resolved) attributes.set(name, resolved)
  }
  return {
    ...renamed,
    attributes: mapSubgraphs(attributes, (g) => ({
      ...g,
      inputs: g.inputs.map((v) => ({ ...v, name: rename(v.name) })),
      initializers: new Map([...g.initializers].map(([name, t]) => [rename(name), t])),
      valueInfo: new Map([...g.valueInfo].map(([name, v]) => [rename(name), { ...v, name: rename(name) }])),
      nodes: g.nodes.map((n) => copied(n, rename, prefix, resolve)),
      outputs: g.outputs.map((v) => ({ ...v, name: rename(v.name) })),
    })),
  }
}

/**
 * Copies of a body (of If, Loop, Scan) for the graph around it. Names that the body makes become unique, those that it reads from outside stay. What
 * it stores is there once, whatever the number of copies.
 */
export class Copier {
  /** The body's stored tensors, under their new names. */
  readonly initializers: ReadonlyMap<string, Tensor>
  /** Its nodes that only hold a tensor, copied. */
  readonly stored: readonly Node[]
  readonly #body: Graph
  readonly #prefix: string
  readonly #editor: GraphEditor
  readonly #own: ReadonlySet<string>
  readonly #lasting = new Map<string, string>([['', '']])
  readonly #nodes: readonly Node[]

  /** @param editor of the graph around */
  constructor(body: Graph, prefix: string, editor: GraphEditor, operators: OperatorSet) {
    this.#body = body
    this.#prefix = prefix
    this.#editor = editor
    this.#own = allNames(body)
    for (const name of capturedNames(body)) this.#lasting.set(name, name)
    const holdsTensor = (n: Node) =>
      n.inputs.length === 0 && operators.get(n.domain, n.opType)?.stored !== undefined && subgraphsOf(n).length === 0
    const rename = (name: string) => this.#renamed(this.#lasting, name, prefix)
    this.initializers = new Map([...body.initializers].map(([name, tensor]) => [rename(name), tensor]))
    this.stored = body.nodes.filter(holdsTensor).map((n) => copied(n, rename, prefix))
    this.#nodes = body.nodes.filter((n) => !holdsTensor(n))
  }

  /**
   * @param inputs values that the body's inputs stand for
   * @param place which copy it is, for names
   */
  copy(
    inputs: readonly string[],
    place = '',
  ): { readonly nodes: Node[]; readonly outputs: string[]; readonly valueInfo: ValueInfo[] } {
    const prefix = place === '' ? this.#prefix : `${this.#prefix}/${place}`
    const names = new Map(this.#lasting)
    this.#body.inputs.forEach((input, i) => {
      names.set(input.name, inputs[i] ?? '')
    })
    const rename = (name: string) => this.#renamed(names, name, prefix)
    const nodes = this.#nodes.map((n) => copied(n, rename, prefix))
    const valueInfo = [...this.#body.valueInfo].flatMap(([name, info]) => {
      const to = names.get(name)
      return to ? [{ ...info, name: to }] : []
    })
    return { nodes, outputs: this.#body.outputs.map((o) => rename(o.name)), valueInfo }
  }

  #renamed(names: Map<string, string>, name: string, prefix: string): string {
    return this.#own.has(name) || names.has(name) ? renamedIn(names, name, this.#editor, prefix) : name
  }
}

/** What an attribute inside a function says in a given call; undefined: it is left out. */
function attributeIn(attribute: Attribute, call: Node, definition: FunctionDefinition): Attribute | undefined {
  if (attribute.kind !== 'reference') return attribute
  return call.attributes.get(attribute.name) ?? definition.defaults.get(attribute.name)
}

function mapSubgraphs(attributes: ReadonlyMap<string, Attribute>, f: (graph: Graph) => Graph): Map<string, Attribute> {
  return new Map(
    [...attributes].map(([name, a]): [string, Attribute] => {
      if (a.kind === 'graph') {
        const value = f(a.value)
        return [name, value === a.value ? a : { ...a, value }]
      }
      if (a.kind === 'graphs') {
        const value = a.value.map(f)
        return [name, value.every((g, i) => g === a.value[i]) ? a : { ...a, value }]
      }
      return [name, a]
    }),
  )
}
