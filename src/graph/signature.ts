import { type ElementType, getOrAdd, isFloating, isInteger, NodeError } from '../base/index.ts'
import { AttributeReader } from './attributes.ts'
import type { Call, Known } from './call.ts'
import { type Node, nodeLabel } from './model.ts'
import type { OperatorFacts } from './operator.ts'

/*
 * The one place where the inputs of nodes are checked: against what their operator declares, before anything is asked of it.
 */

interface Slot {
  readonly name: string
  readonly isOptional: boolean
  readonly repeats: boolean
  /** What elements it may have, as it is declared; undefined: any. */
  readonly elements: string | undefined
  readonly kinds: readonly Kind[] | undefined
  /** The input whose elements it shares, `=X`; of inputs that repeat their own name. */
  readonly sharedWith: string | undefined
  readonly shape: readonly string[] | undefined
  /** One element does as well, of whatever rank. */
  readonly orSingle: boolean
}

const slots = new Map<string, Slot>()

function slotOf(text: string): Slot {
  const [, name = '', mark, elements, list, size] =
    /^(\w+)([?…*]?)(?:: (=?[\w|]+))?(?: \[(.*)\]| \((\w+)\))?$/.exec(text) ?? []
  const shape = list ?? size
  const shares = elements?.startsWith('=')
  return {
    name,
    isOptional: mark === '?' || mark === '*',
    repeats: mark === '…' || mark === '*',
    elements: shares ? undefined : elements,
    kinds: shares ? undefined : elements?.split('|').map(kindOf),
    sharedWith: shares ? elements?.slice(1) : undefined,
    shape: shape === undefined ? undefined : shape === '' ? [] : shape.split(', '),
    orSingle: size !== undefined,
  }
}

interface Kind {
  readonly has: (type: ElementType) => boolean
  readonly text: string
}

/** They are codes: nothing is calculated with them. */
const isNarrow = (type: ElementType): boolean => /^float[48]/.test(type)
const isWide = (type: ElementType): boolean => isFloating(type) && !isNarrow(type)

/** Elements that inputs are declared to have, beside single types. */
const kinds: Readonly<Record<string, Kind>> = {
  floating: { has: isWide, text: 'floating-point numbers' },
  narrow: { has: isNarrow, text: 'floating-point numbers of 8 bits or fewer' },
  whole: { has: isInteger, text: 'whole numbers' },
  byte: { has: (type) => type === 'int8' || type === 'uint8', text: 'whole numbers of 8 bits' },
  numeric: { has: (type) => isWide(type) || isInteger(type), text: 'numbers' },
  bool: { has: (type) => type === 'bool', text: 'truth values' },
}

const kindOf = (name: string): Kind => kinds[name] ?? { has: (type) => type === name, text: `elements of ${name}` }

/** What an operator takes in nodes of this version. */
export function signatureOf({ inputs }: Pick<OperatorFacts, 'inputs'>, opset: number): readonly Slot[] {
  const texts = typeof inputs === 'function' ? inputs(opset) : inputs
  const own = texts.map((text) => getOrAdd(slots, text, () => slotOf(text)))
  // Every node asks, and most operators share nothing.
  if (own.every(({ sharedWith }) => sharedWith === undefined)) return own
  return own.map((slot) => {
    const { elements, kinds } = own.find(({ name }) => name === slot.sharedWith) ?? slot
    return { ...slot, elements, kinds }
  })
}

/** An error at this node, with the shapes of its inputs. */
export function wrong(call: Call, problem: string, remedy?: string): NodeError {
  const shapes = Object.fromEntries(
    call.node.inputs.flatMap((name, i) => (name === '' ? [] : [[name, call.inputs[i]?.shape] as const])),
  )
  return new NodeError('wrong-node', { opType: call.node.opType, node: nodeLabel(call.node), problem, shapes, remedy })
}

/**
 * What an operator is asked about: a node, with what is known of its inputs.
 * @param opset version of the operator set of the node's domain
 * @param inputs undefined for those that are left out
 * @throws NodeError where an attribute or an input is none that the operator declares
 */
export function callOf(
  operator: OperatorFacts,
  node: Node,
  opset: number,
  inputs: readonly (Known | undefined)[],
): Call {
  const call = { node, attributes: operator.attributes(new AttributeReader(node), opset), opset, inputs }
  checkInputs(operator, call)
  return call
}

/** @throws NodeError where there are too few or too many inputs, or where their shapes and element types, as far as they are known, are none that the operator declares */
function checkInputs(operator: OperatorFacts, call: Call): void {
  const { node } = call
  const declared = signatureOf(operator, call.opset)
  // Inputs at the end that have no name are left out; of those that repeat none can be.
  const named = node.inputs.findLastIndex((name) => name !== '') + 1
  const count = declared.at(-1)?.repeats ? node.inputs.length : named
  if (count > declared.length && !declared.at(-1)?.repeats)
    throw wrong(
      call,
      `it has ${count} inputs, where ${operator.name} takes ${declared.length === 0 ? 'none' : `at most ${declared.length} (${declared.map((s) => s.name).join(', ')})`}`,
      'Export the model again.',
    )
  const sizes = new Map<string, number>()
  /** The input of each name that came first, where its elements are known. */
  const first = new Map<string, number>()
  for (let i = 0; i < Math.max(count, declared.length); i++) {
    const slot = declared[i] ?? declared.at(-1)!
    if (!slot.isOptional && !node.inputs[i])
      throw wrong(call, `input ${i} (${slot.name}) is missing`, 'Export the model again.')
    const { shape, elementType } = call.inputs[i] ?? {}
    if (slot.kinds && elementType) checkElements(call, i, slot.kinds, elementType)
    const other = slot.sharedWith === undefined ? undefined : first.get(slot.sharedWith)
    if (other !== undefined && elementType) checkSameElements(call, other, i)
    if (elementType && !first.has(slot.name)) first.set(slot.name, i)
    if (slot.shape && shape) checkShape(call, slot, shape, sizes)
  }
}

function checkElements(call: Call, input: number, wanted: readonly Kind[], type: ElementType): void {
  if (wanted.some(({ has }) => has(type))) return
  throw wrong(
    call,
    `"${call.node.inputs[input]}" is ${type}, where ${wanted.map(({ text }) => text).join(' or ')} are needed`,
    'Export the model again, or put a Cast before it.',
  )
}

/** @throws NodeError where the elements of two inputs are known and differ */
export function checkSameElements(call: Call, a: number, b: number): void {
  const [one, other] = [a, b].map((i) => call.inputs[i]?.elementType)
  if (!one || !other || one === other) return
  throw wrong(
    call,
    `"${call.node.inputs[a]}" is ${one} and "${call.node.inputs[b]}" is ${other}`,
    'All must have one element type: export the model again, or put a Cast before it.',
  )
}

function checkShape(
  call: Call,
  { name, shape: declared, orSingle }: Slot,
  shape: readonly (number | string)[],
  sizes: Map<string, number>,
): void {
  if (orSingle && shape.every((d) => d === 1)) return
  const wanted = declared!
  const gap = wanted.indexOf('…')
  const fits = gap < 0 ? shape.length === wanted.length : shape.length >= wanted.length - 1
  const problem = () =>
    `${name} is [${shape}], where ${orSingle ? 'one element or ' : ''}[${wanted.join(', ')}] is needed`
  if (!fits) throw wrong(call, problem())
  wanted.forEach((want, i) => {
    const size = shape[gap >= 0 && i > gap ? shape.length - wanted.length + i : i]
    if (want === '…' || want === '_' || typeof size !== 'number') return
    const known = /^\d/.test(want) ? Number(want) : getOrAdd(sizes, want, () => size)
    if (size !== known) throw wrong(call, /^\d/.test(want) ? problem() : `${problem()} with ${want} ${known}`)
  })
}

/** @throws NodeError where a node has outputs that its operator does not make, or would make one of a size that is none */
export function checkOutputs(call: Call, outputs: readonly (Known | undefined)[]): void {
  const count = call.node.outputs.findLastIndex((name) => name !== '') + 1
  if (count > outputs.length)
    throw wrong(call, `it has ${count} outputs, where at most ${outputs.length} are made`, 'Export the model again.')
  outputs.forEach((known, i) => {
    if (known?.shape?.some((d) => typeof d === 'number' && !(Number.isSafeInteger(d) && d >= 0)))
      throw wrong(call, `its output ${i} would be [${known.shape}], which is no shape`)
  })
}
