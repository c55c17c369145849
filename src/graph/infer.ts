import { type Dim, elementCount, isConcrete, LayeredMap, type Shape, unknownDim } from '../base/index.ts'
import { type Call, type Dense, type InferredCall, type Known, valueLimit } from './call.ts'
import { runForward } from './forward.ts'
import { type Graph, graphInputs, type Model, type Node, type Tensor, type ValueInfo } from './model.ts'
import type { ForwardRule, Operator, OperatorSet } from './operator.ts'
import { callOf, checkOutputs } from './signature.ts'
import { tensorValues } from './tensor.ts'

/** Sizes that a file leaves open. */
export interface InferenceOptions {
  /** Shapes of graph inputs by name; they replace those in the file. */
  readonly inputShapes?: ReadonlyMap<string, Shape>
  /** Sizes of symbolic dimensions by name (`batch` → 1). */
  readonly symbols?: ReadonlyMap<string, number>
  /**
   * Whether shapes that the file gives for values fill in what does not follow from inputs and weights. False for those who run a network: what depends on
   * data has the shape that it turns out to have. Default true.
   */
  readonly trustsFile?: boolean
}

/** A node whose operator is known. */
export interface KnownCall {
  /** Of the set that was asked. */
  readonly operator: Operator
  /** The node with what is known of its attributes, inputs and outputs. */
  readonly call: InferredCall
}

/** What is known of every value and node of one graph. */
export interface Inference {
  /** By name: type, shape and, where it follows from those of the inputs alone, content. */
  readonly values: ReadonlyMap<string, Known>
  /** Per node of a known operator: its attributes, inputs and outputs. Absent: the operator is not known. */
  readonly calls: ReadonlyMap<Node, KnownCall>
  /** Values that depend on constants and shapes alone: weights, and the arithmetic of exported reshapes. A runtime computes them once. */
  readonly constants: Pick<ReadonlySet<string>, 'has'>
}

const nothing: Known = { elementType: undefined, shape: undefined }

/** A value whose content is computed when first asked for. */
class LazyKnown implements Known {
  readonly elementType: Known['elementType']
  readonly shape: Known['shape']
  #make: (() => Dense | undefined) | undefined
  #from: readonly (Known | undefined)[]
  #value: Dense | undefined

  /** @param from whose content `make` asks for */
  constructor(known: Known, make: () => Dense | undefined, from: readonly (Known | undefined)[] = []) {
    this.elementType = known.elementType
    this.shape = known.shape
    this.#make = make
    this.#from = from
  }

  get value(): Dense | undefined {
    // Constants may follow from each other in as long a row as the file is large: no recursion.
    const open: LazyKnown[] = [this]
    for (let next = open.at(-1); next; next = open.at(-1)) {
      const from = next.#from
      next.#from = []
      for (const known of from) if (known instanceof LazyKnown && known.#make) open.push(known)
      if (open.at(-1) !== next) continue
      open.pop()
      const make = next.#make
      next.#make = undefined
      if (make) next.#value = make()
    }
    return this.#value
  }
}

/** What is known of a stored tensor; its content is read only when an operator asks for it and it is small. */
export function knownTensor(tensor: Tensor): Known {
  const known: Known = { elementType: tensor.elementType, shape: tensor.shape }
  const count = elementCount(tensor.shape)!
  if (count > valueLimit || tensor.elementType === 'string') return known
  return new LazyKnown(known, () => ({
    elementType: tensor.elementType,
    shape: tensor.shape,
    data: tensorValues(tensor),
  }))
}

function knownInfo(info: ValueInfo | undefined, options: InferenceOptions): Known {
  if (info?.type?.kind !== 'tensor') return nothing
  const given = options.inputShapes?.get(info.name)
  const shape = (given ?? info.type.shape)?.map(
    (d): Dim => (typeof d === 'number' ? d : d === '' ? unknownDim() : (options.symbols?.get(d) ?? d)),
  )
  return { elementType: info.type.elementType, shape }
}

/** Whether a given shape differs from the sizes that the file fixes. */
const contradicts = (info: ValueInfo, given: Shape | undefined): boolean =>
  given !== undefined &&
  info.type?.kind === 'tensor' &&
  (info.type.shape?.some((d, i) => typeof d === 'number' && d !== given[i]) ?? false)

/** The version of the operator set that a node of `domain` speaks; 1 where the file does not say. */
export function opsetOf(opsetImports: ReadonlyMap<string, number>, domain: string): number {
  return opsetImports.get(domain) ?? 1
}

/** What is known of a body of a node (If, Loop, Scan). */
export interface InferredBody {
  readonly inference: Inference
  readonly outputs: readonly Known[]
}

/**
 * Infers a body of a node.
 * @param model that the node stands in
 * @param around what is known of its graph
 * @param inputs what is known of the body's inputs
 */
export function inferBody(
  model: Model,
  operators: OperatorSet,
  around: Inference,
  body: Graph,
  inputs: readonly (Known | undefined)[],
  { trustsFile }: InferenceOptions = {},
): InferredBody {
  const inference = new GraphInference({ ...model, graph: body }, operators, { trustsFile }, around)
  body.inputs.forEach((input, i) => {
    inference.set(input.name, inputs[i] ?? nothing)
  })
  for (const node of body.nodes) inference.visit(node)
  return { inference, outputs: body.outputs.map(({ name }) => inference.values.get(name) ?? nothing) }
}

/** The walk, node by node. */
export class GraphInference implements Inference {
  readonly values: Map<string, Known>
  readonly constants: Inference['constants']
  readonly #ownConstants = new Set([''])
  readonly calls: Map<Node, KnownCall>
  readonly #model: Model
  readonly #operators: OperatorSet
  readonly #options: InferenceOptions
  /** What the file says of values. */
  readonly #declared: Map<string, ValueInfo>
  readonly #trustsFile: boolean

  /** @param around what is known of the values that a body reads from outside */
  constructor(model: Model, operators: OperatorSet, options: InferenceOptions, around?: Inference) {
    const { graph } = model
    this.#model = model
    this.#operators = operators
    this.#options = options
    this.values = new LayeredMap(around?.values)
    const own = this.#ownConstants
    // What is around is not copied: a graph may hold as many bodies as values.
    this.constants = around ? { has: (name) => own.has(name) || around.constants.has(name) } : own
    this.calls = new LayeredMap(around?.calls)
    for (const input of graphInputs(graph)) this.values.set(input.name, knownInfo(input, options))
    for (const [name, tensor] of graph.initializers) this.store(name, tensor)
    this.#declared = new Map([...graph.outputs.map((o) => [o.name, o] as const), ...graph.valueInfo])
    // With other input sizes than the file's, the shapes that the file gives for its values are wrong.
    this.#trustsFile =
      options.trustsFile !== false &&
      !graphInputs(graph).some((input) => contradicts(input, options.inputShapes?.get(input.name)))
  }

  set(name: string, known: Known): void {
    this.values.set(name, known)
  }

  declare(info: ValueInfo): void {
    this.#declared.set(info.name, info)
  }

  store(name: string, tensor: Tensor): void {
    this.values.set(name, knownTensor(tensor))
    this.#ownConstants.add(name)
  }

  /** A node of a known operator with what is known of its inputs. */
  ask(node: Node): { readonly operator: Operator; readonly call: Call } | undefined {
    const operator = this.#operators.get(node.domain, node.opType)
    if (!operator) return undefined
    const inputs = node.inputs.map((name) => (name === '' ? undefined : (this.values.get(name) ?? nothing)))
    const opset = opsetOf(this.#model.opsetImports, node.domain)
    const call = callOf(operator, node, opset, inputs)
    if (!operator.control) return { operator, call }
    const inferred = (body: Graph, given: readonly (Known | undefined)[]) =>
      inferBody(this.#model, this.#operators, this, body, given, this.#options).outputs
    return { operator, call: { ...call, inferBody: inferred } }
  }

  visit(node: Node): void {
    const declared = node.outputs.map((name): Known => {
      const known = knownInfo(this.#declared.get(name), this.#options)
      return this.#trustsFile ? known : { elementType: known.elementType, shape: undefined }
    })
    let outputs: (Known | undefined)[] = declared
    const known = this.ask(node)
    if (known) {
      const { operator, call } = known
      const inferred = operator.infer(call)
      checkOutputs(call, inferred)
      outputs = followValues(operator, call, inferred).map((k, i) => refine(k, declared[i]))
      this.calls.set(node, { operator, call: { ...call, outputs } })
    }
    const constant = known && known.operator.computable !== false && node.inputs.every((n) => this.constants.has(n))
    node.outputs.forEach((name, i) => {
      if (name === '') return
      this.values.set(name, outputs[i] ?? nothing)
      if (constant || shapeOnly(node, known?.operator, outputs[i])) this.#ownConstants.add(name)
    })
  }
}

/** Shape and Size depend on what is already known, whatever flows through their input. */
const shapeOnly = (node: Node, operator: Operator | undefined, output: Known | undefined): boolean =>
  operator !== undefined &&
  operator.computable === false &&
  node.inputs.length > 0 &&
  output !== undefined &&
  output.value !== undefined

/** Lets an operator compute its outputs' content from its inputs' content, later, if somebody asks. */
function followValues(
  operator: Operator,
  call: { node: Node; inputs: readonly (Known | undefined)[] } & InferredCallBase,
  outputs: (Known | undefined)[],
): (Known | undefined)[] {
  if (!operator.forward) return outputs
  const small = (k: Known | undefined) =>
    k === undefined || (elementCount(k.shape) ?? Number.POSITIVE_INFINITY) <= valueLimit
  if (!call.inputs.every(small) || !outputs.every(small)) return outputs
  let results: readonly Dense[] | undefined | null = null
  const run = (): readonly Dense[] | undefined => {
    if (results === null) {
      results = undefined
      const inputs: (Dense | undefined)[] = []
      for (const known of call.inputs) {
        if (known && known.value === undefined) return undefined
        inputs.push(known?.value)
      }
      results = runForward(operator, call, inputs)
    }
    return results
  }
  return outputs.map((known, i) =>
    known && known.value === undefined ? new LazyKnown(known, () => run()?.[i], call.inputs) : known,
  )
}

type InferredCallBase = Parameters<ForwardRule<unknown>>[0]

/** What is inferred wins; what the file declares fills the gaps. */
function refine(inferred: Known | undefined, declared: Known | undefined): Known | undefined {
  if (!inferred) return declared
  if (isConcrete(inferred.shape) && inferred.elementType !== undefined) return inferred
  if (!declared) return inferred
  const shape =
    inferred.shape && declared.shape && inferred.shape.length === declared.shape.length
      ? inferred.shape.map((d, i) => (typeof d === 'number' ? d : (declared.shape?.[i] ?? d)))
      : (inferred.shape ?? declared.shape)
  const refined = { elementType: inferred.elementType ?? declared.elementType, shape }
  return inferred.value === undefined ? refined : new LazyKnown(refined, () => inferred.value, [inferred])
}

/**
 * Every tensor that the model itself holds, by the name of its value: initializers, and nodes that stand for a tensor. A tensor whose
 * size follows that of the model's input (zeros of the shape of another value) is none.
 */
export function storedTensors(model: Model, inference: Inference): Map<string, Tensor> {
  const stored = new Map(model.graph.initializers)
  const own = new Set(['', ...stored.keys()])
  for (const node of model.graph.nodes) {
    if (!node.inputs.every((name) => own.has(name))) continue
    for (const name of node.outputs) own.add(name)
    const known = inference.calls.get(node)
    const tensor = known?.operator.stored?.(known.call)
    if (tensor && node.outputs[0]) stored.set(node.outputs[0], tensor)
  }
  return stored
}
