import type { Attribute, Graph, Node } from './model.ts'

const none: readonly Graph[] = []

/** The graphs that a node carries in its attributes (bodies of If, Loop, Scan). */
export function subgraphsOf(node: Node): readonly Graph[] {
  // Most nodes: they are many.
  if (node.attributes.size === 0) return none
  return [...node.attributes.values()].flatMap((a: Attribute) =>
    a.kind === 'graph' ? [a.value] : a.kind === 'graphs' ? [...a.value] : [],
  )
}

/** Names that a graph uses and does not define: what a subgraph captures from outside. */
export function capturedNames(graph: Graph): Set<string> {
  const defined = new Set([
    ...graph.inputs.map((i) => i.name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((n) => n.outputs),
  ])
  const captured = new Set<string>()
  const use = (name: string) => {
    if (name !== '' && !defined.has(name)) captured.add(name)
  }
  for (const node of graph.nodes) for (const name of usedNames(node)) use(name)
  for (const output of graph.outputs) use(output.name)
  return captured
}

/** Everything a node reads: its inputs and what its subgraphs capture. */
export function usedNames(node: Node): readonly string[] {
  const inputs = node.inputs.includes('') ? node.inputs.filter((n) => n !== '') : node.inputs
  const graphs = subgraphsOf(node)
  return graphs.length === 0 ? inputs : [...inputs, ...graphs.flatMap((g) => [...capturedNames(g)])]
}

/** For every value, the nodes that read it, each once. */
export function consumersOf(graph: Graph): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>()
  for (const node of graph.nodes)
    for (const name of new Set(usedNames(node))) {
      const list = consumers.get(name)
      if (list) list.push(node)
      else consumers.set(name, [node])
    }
  return consumers
}

/** For every value that a node makes, that node. */
export function producersOf(graph: { nodes: readonly Node[] }): Map<string, Node> {
  return new Map(graph.nodes.flatMap((n) => n.outputs.filter((o) => o !== '').map((o) => [o, n] as const)))
}

/**
 * A value and all that it is made from, each once, sources first. Values may follow from each other in as long a row as the file is large: no recursion.
 * @param before what a value is made from directly
 */
export function sourcesFirst(value: string, before: (value: string) => Iterable<string>): string[] {
  const entered = new Set<string>()
  const ordered = new Set<string>()
  const open = [value]
  for (let name = open.at(-1); name !== undefined; name = open.at(-1)) {
    if (entered.has(name)) {
      open.pop()
      ordered.add(name)
      continue
    }
    entered.add(name)
    for (const source of before(name)) if (!entered.has(source)) open.push(source)
  }
  return [...ordered]
}

/** Longer names are cut when others are made from them: a name of a file, made again for every copy of a function, would fill the memory. */
const longestName = 256

/** A name as it is, or its beginning and its end. */
export const shortName = (name: string): string =>
  name.length <= longestName ? name : `${name.slice(0, longestName / 2)}…${name.slice(1 - longestName / 2)}`

/** Names that are taken, and new ones beside them. */
export class Names {
  readonly #taken: Set<string>
  /** Per wish the number that was tried last: what is taken stays so. */
  readonly #tried = new Map<string, number>()

  constructor(taken: Set<string>) {
    this.#taken = taken
  }

  add(name: string): void {
    this.#taken.add(name)
  }

  /** A name that is not taken, made from `wish`, and from now on taken. */
  fresh(wish: string): string {
    const short = shortName(wish)
    let name = short
    if (this.#taken.has(name)) {
      let i = this.#tried.get(short) ?? 0
      do name = `${short}_${++i}`
      while (this.#taken.has(name))
      this.#tried.set(short, i)
    }
    this.#taken.add(name)
    return name
  }
}

/** Every name of a value in a graph and in its subgraphs. */
export function allNames(graph: Graph): Set<string> {
  const names = new Set<string>([
    ...graph.inputs.map((i) => i.name),
    ...graph.outputs.map((o) => o.name),
    ...graph.initializers.keys(),
  ])
  for (const node of graph.nodes) {
    for (const name of [...node.inputs, ...node.outputs]) names.add(name)
    for (const sub of subgraphsOf(node)) for (const name of allNames(sub)) names.add(name)
  }
  return names
}

/**
 * Optional outputs that nobody reads, without their names: a mask or statistics that the exporter named need not be made. Places stay, and of each
 * node the first name. Returns the same graph where there are none.
 */
export function withoutUnreadOutputs(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap(usedNames), ...graph.outputs.map((o) => o.name)])
  const isNeeded = (name: string, i: number) => i === 0 || name === '' || read.has(name)
  if (graph.nodes.every((node) => node.outputs.every(isNeeded))) return graph
  const nodes = graph.nodes.map((node) =>
    node.outputs.every(isNeeded)
      ? node
      : { ...node, outputs: node.outputs.map((name, i) => (isNeeded(name, i) ? name : '')) },
  )
  return { ...graph, nodes }
}

/**
 * Drops nodes whose outputs nobody uses, and initializers and value_info that nothing names any more. Graph inputs stay.
 * Returns a new graph; nodes are shared.
 */
export function withoutDeadCode(graph: Graph): Graph {
  const live = new Set(graph.outputs.map((o) => o.name))
  const nodes: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((o) => live.has(o))) continue
    for (const name of usedNames(node)) live.add(name)
    nodes.push(node)
  }
  nodes.reverse()
  const made = new Set([...nodes.flatMap((n) => n.outputs), ...graph.inputs.map((i) => i.name)])
  return {
    ...graph,
    nodes,
    inputs: graph.inputs.filter((i) => !graph.initializers.has(i.name) || live.has(i.name)),
    initializers: new Map([...graph.initializers].filter(([name]) => live.has(name))),
    valueInfo: new Map([...graph.valueInfo].filter(([name]) => made.has(name) || live.has(name))),
  }
}

/**
 * Drops nodes and initializers that somebody read before a change, and nobody reads now. What nobody has ever read stays.
 * Returns a new graph; nodes are shared.
 */
export function withoutUnread(graph: Graph, before: Graph): Graph {
  const readIn = (g: Graph) => new Set([...g.nodes.flatMap(usedNames), ...g.outputs.map((o) => o.name)])
  const then = readIn(before)
  let { nodes } = graph
  for (;;) {
    const now = readIn({ ...graph, nodes })
    const live = nodes.filter((n) => n.outputs.some((o) => now.has(o)) || !n.outputs.some((o) => then.has(o)))
    if (live.length === nodes.length) {
      const initializers = new Map([...graph.initializers].filter(([name]) => now.has(name) || !then.has(name)))
      const inputs = graph.inputs.filter((i) => initializers.has(i.name) || !graph.initializers.has(i.name))
      return { ...graph, nodes, initializers, inputs }
    }
    nodes = live
  }
}
