import type { ElementType, Shape } from '../base/index.ts'
import { type AttributeValue, attributeOf } from './attribute-values.ts'
import type { FunctionDefinition, Graph, Model, Node, Tensor, ValueInfo } from './model.ts'
import { tensorOf } from './tensor.ts'
import { allNames, Names, withoutDeadCode, withoutUnread, withoutUnreadOutputs } from './traverse.ts'

/*
 * Models are read-only. Whoever wants another one begins with one that is there, says what is to be different, and takes the result; what stays is
 * shared by both. The editor knows what a file must keep to: names are unique, old IR versions list initializers among the inputs, operator sets
 * are imported.
 */

/** What is said of a new node besides its type, inputs and attributes. */
export interface NodeOptions {
  /** By default a free one made from its type. */
  readonly name?: string
  /** Of its operator; '' by default. */
  readonly domain?: string
  /** Names of the outputs; by default one, named after the node. */
  readonly outputs?: readonly string[]
}

/** Up to this IR version, initializers are listed among the graph's inputs. */
const lastThatListsInitializers = 3

/**
 * A node from plain values: of operator `opType` in `domain`, reading `inputs`, making `outputs`, with `attributes` by their names. It has the name of its
 * first output unless `name` gives another.
 */
export function makeNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  { name = outputs[0]!, domain = '' }: Pick<NodeOptions, 'name' | 'domain'> = {},
): Node {
  return {
    name,
    opType,
    domain,
    inputs: [...inputs],
    outputs: [...outputs],
    attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)])),
  }
}

/**
 * The way to another model: `editGraph(model).setOutputs(['features']).dropDead().model()`.
 * @param model stays as it is
 */
export const editGraph = (model: Model): GraphEditor => new GraphEditor(model)

const isNodes = (made: Node | readonly Node[]): made is readonly Node[] => Array.isArray(made)

/** Changes a graph, and what of its model goes with it. Values are their names. */
export class GraphEditor {
  readonly #source: Model
  readonly #opsetImports: Map<string, number>
  readonly #metadata: Map<string, string>
  #irVersion: number
  #functions: readonly FunctionDefinition[]
  #nodes: Node[]
  #initializers: Map<string, Tensor>
  #inputs: readonly ValueInfo[]
  #outputs: readonly ValueInfo[]
  #valueInfo: Map<string, ValueInfo>
  #names: Names | undefined
  #changed = false

  constructor(model: Model) {
    const { graph } = model
    this.#source = model
    this.#opsetImports = new Map(model.opsetImports)
    this.#metadata = new Map(model.metadata)
    this.#irVersion = model.irVersion
    this.#functions = model.functions
    this.#nodes = [...graph.nodes]
    this.#initializers = new Map(graph.initializers)
    this.#inputs = graph.inputs
    this.#outputs = graph.outputs
    this.#valueInfo = new Map(graph.valueInfo)
  }

  /** The model as it is now: the given one where nothing was changed. What is changed afterwards does not reach it. */
  model(): Model {
    if (!this.#changed) return this.#source
    return {
      ...this.#source,
      irVersion: this.#irVersion,
      opsetImports: new Map(this.#opsetImports),
      functions: this.#functions,
      metadata: new Map(this.#metadata),
      graph: this.#graph(),
    }
  }

  #graph(): Graph {
    return {
      ...this.#source.graph,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: new Map(this.#initializers),
      valueInfo: new Map(this.#valueInfo),
      nodes: [...this.#nodes],
    }
  }

  /** The nodes as they are now; while `rewrite` visits one, those before it. */
  get nodes(): readonly Node[] {
    return this.#nodes
  }

  /** The outputs as they are now. */
  get outputs(): readonly ValueInfo[] {
    return this.#outputs
  }

  /** The stored tensors as they are now, without those that nodes hold. */
  get initializers(): ReadonlyMap<string, Tensor> {
    return this.#initializers
  }

  /** Versions of the operator sets by domain, '' for the standard one. */
  get opsetImports(): ReadonlyMap<string, number> {
    return this.#opsetImports
  }

  // Names

  /** A name like `wish` that no value has or had, and from now on taken. */
  name(wish: string): string {
    if (!this.#names) {
      this.#names = new Names(allNames(this.#source.graph))
      if (this.#changed) for (const name of allNames(this.#graph())) this.#names.add(name)
    }
    return this.#names.fresh(wish)
  }

  /** Gives value `from` of the graph the name `to`. Bodies that read it are not looked into. */
  rename(from: string, to: string): this {
    const renamed = (name: string) => (name === from ? to : name)
    const withName = <T extends ValueInfo>(info: T): T => (info.name === from ? { ...info, name: to } : info)
    this.#changed = true
    this.#nodes = this.#nodes.map((node) =>
      node.inputs.includes(from) || node.outputs.includes(from)
        ? { ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) }
        : node,
    )
    this.#inputs = this.#inputs.map(withName)
    this.#outputs = this.#outputs.map(withName)
    this.#initializers = new Map([...this.#initializers].map(([name, tensor]) => [renamed(name), tensor]))
    this.#valueInfo = new Map([...this.#valueInfo].map(([name, info]) => [renamed(name), withName(info)]))
    this.#names?.add(to)
    return this
  }

  // Nodes

  /** Puts `nodes` at the end; while `rewrite` visits a node, in front of that one. */
  add(...nodes: readonly Node[]): this {
    this.#changed = true
    this.#put(nodes)
    return this
  }

  #put(nodes: readonly Node[]): void {
    for (const node of nodes) this.#nodes.push(node)
    if (this.#names)
      for (const node of nodes) {
        for (const name of node.inputs) this.#names.add(name)
        for (const name of node.outputs) this.#names.add(name)
      }
  }

  /**
   * Makes a node of operator `opType` on `inputs`, with `attributes` by their names, and adds it. Imports its domain where that is new.
   * @returns its first output
   */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: NodeOptions = {},
  ): string {
    const { name = this.name(opType), domain = '', outputs = [this.name(`${name}_output`)] } = options
    if (domain !== '' && !this.#opsetImports.has(domain)) this.import(domain, 1)
    this.add(makeNode(opType, inputs, outputs, attributes, { name, domain }))
    return outputs[0]!
  }

  /** Visits the nodes in order. In each one's place stands what `visit` returns for it, behind what was added meanwhile. */
  rewrite(visit: (node: Node) => Node | readonly Node[]): this {
    const before = this.#nodes
    this.#nodes = []
    for (const node of before) {
      const made = visit(node)
      this.#put(isNodes(made) ? made : [made])
    }
    this.#changed ||= !isSame(this.#nodes, before)
    return this
  }

  /** Puts `nodes` in the place of all that are there, as in a loop's body, or in another order. */
  setNodes(nodes: readonly Node[]): this {
    this.#changed ||= !isSame(nodes, this.#nodes)
    this.#nodes = []
    this.#put(nodes)
    return this
  }

  // Tensors

  /** Sets initializer `name`, and lists it among the inputs where this IR version does. */
  set(name: string, tensor: Tensor): this {
    this.#changed = true
    this.#initializers.set(name, tensor)
    const info: ValueInfo = { name, type: { kind: 'tensor', elementType: tensor.elementType, shape: tensor.shape } }
    if (this.#inputs.some((i) => i.name === name))
      this.#inputs = this.#inputs.map((i) => (i.name === name ? { ...i, ...info } : i))
    else if (this.#irVersion <= lastThatListsInitializers) this.#inputs = [...this.#inputs, info]
    this.#names?.add(name)
    return this
  }

  /** A new tensor, under a name like `wish`. */
  constant(wish: string, tensor: Tensor): string {
    const name = this.name(wish)
    this.set(name, tensor)
    return name
  }

  /** A new int64 vector of `values`, under a name like `wish`: shapes, pads, axes. */
  ints(wish: string, values: readonly number[]): string {
    return this.constant(wish, tensorOf('int64', [values.length], values))
  }

  /**
   * Replaces stored tensor `name` of any kind. A node that stands for one gives way to an initializer; with `sameFill` one that makes a tensor of a
   * given shape (ConstantOfShape) gets the new shape, so that the file stays as small as it was. Not while `rewrite` visits a node.
   */
  replaceStored(
    name: string,
    tensor: Tensor,
    {
      sameFill = false,
    }: {
      /** False by default. */
      readonly sameFill?: boolean
    } = {},
  ): this {
    if (this.#initializers.has(name)) return this.set(name, tensor)
    return this.rewrite((node) => {
      if (!node.outputs.includes(name)) return node
      if (sameFill && node.inputs.length === 1) return { ...node, inputs: [this.ints(`${name}_shape`, tensor.shape)] }
      this.set(name, tensor)
      return []
    })
  }

  // Inputs, outputs, and what is said of values

  /** Adds input `name` of the graph. A stored tensor of that name goes. */
  input(name: string, elementType: ElementType, shape: Shape): string {
    this.#changed = true
    if (this.#initializers.delete(name)) this.#inputs = this.#inputs.filter((i) => i.name !== name)
    this.#inputs = [...this.#inputs, { name, type: { kind: 'tensor', elementType, shape } }]
    this.#names?.add(name)
    return name
  }

  /** Leaves the graph without inputs of its own; stored tensors that are listed among them stay. */
  dropInputs(): this {
    this.#changed = true
    this.#inputs = this.#inputs.filter((i) => this.#initializers.has(i.name))
    return this
  }

  /** Says something else of inputs, what `f` makes of each: their shapes, their names. */
  mapInputs(f: (info: ValueInfo) => ValueInfo): this {
    this.#changed = true
    this.#inputs = this.#inputs.map(f)
    return this
  }

  /** Makes value `name` an output of the graph, behind the others; its `type` may be left to inference. */
  output(name: string, type?: ValueInfo['type']): this {
    return this.setOutputs([...this.#outputs, { name, type }])
  }

  /** Makes `outputs` those of the graph, in order. Types of those given as names alone are left to inference. */
  setOutputs(outputs: readonly (string | ValueInfo)[]): this {
    this.#changed = true
    this.#outputs = outputs.map((output) => (typeof output === 'string' ? { name: output, type: undefined } : output))
    return this
  }

  /** Says something else of outputs and of values in between, what `f` makes of each. */
  mapInfos(f: (info: ValueInfo) => ValueInfo): this {
    this.#changed = true
    this.#outputs = this.#outputs.map(f)
    this.#valueInfo = new Map([...this.#valueInfo].map(([name, info]) => [name, f(info)]))
    return this
  }

  /** Says of what type a value in between is. */
  declare(info: ValueInfo): this {
    this.#changed = true
    this.#valueInfo.set(info.name, info)
    return this
  }

  /** Leaves to inference what outputs and values in between are. */
  forgetTypes(): this {
    this.#valueInfo.clear()
    return this.setOutputs(this.#outputs.map(({ name }) => name))
  }

  // The model

  /** Says that the nodes speak `version` of the operator set of `domain`; '' is the standard one. */
  import(domain: string, version: number): this {
    this.#changed = true
    this.#opsetImports.set(domain, version)
    return this
  }

  /** Puts model-local `functions` in the place of all that are there. */
  setFunctions(functions: readonly FunctionDefinition[]): this {
    this.#changed = true
    this.#functions = functions
    return this
  }

  /** Raises the IR version to `version`, where it is lower. */
  needsIrVersion(version: number): this {
    this.#changed = true
    this.#irVersion = Math.max(this.#irVersion, version)
    return this
  }

  /** Sets entry `key` of the model's metadata to `value`. */
  setMetadata(key: string, value: string): this {
    this.#changed = true
    this.#metadata.set(key, value)
    return this
  }

  // What is left over

  /** Drops nodes and tensors that no output needs (`withoutDeadCode`). */
  dropDead(): this {
    return this.#drop(withoutDeadCode(this.#graph()))
  }

  /** Drops nodes and tensors that somebody read in the given model, and nobody reads now (`withoutUnread`). */
  dropUnread(): this {
    return this.#drop(withoutUnread(this.#graph(), this.#source.graph))
  }

  /** Takes their names from optional outputs that nobody reads (`withoutUnreadOutputs`). */
  dropUnreadOutputs(): this {
    return this.#drop(withoutUnreadOutputs(this.#graph()))
  }

  #drop({ nodes, initializers, inputs, valueInfo }: Graph): this {
    this.#changed ||=
      !isSame(nodes, this.#nodes) ||
      initializers.size < this.#initializers.size ||
      inputs.length < this.#inputs.length ||
      valueInfo.size < this.#valueInfo.size
    this.#nodes = [...nodes]
    this.#initializers = new Map(initializers)
    this.#inputs = inputs
    this.#valueInfo = new Map(valueInfo)
    return this
  }
}

const isSame = (a: readonly Node[], b: readonly Node[]): boolean =>
  a.length === b.length && a.every((node, i) => node === b[i])
