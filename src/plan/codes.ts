import { isConcrete } from '../base/index.ts'
import type { CodeScale, Node } from '../graph/index.ts'
import { contentOf, type Prepared, type Unit } from './units.ts'

/*
 * Adder convolutions in integers. A file says them in ONNX's usual way, which any runtime can calculate in floats:
 *
 *   x → QuantizeLinear → (Clip of the codes, below 8 bits) → DequantizeLinear → AdderConv, whose weights are codes of the same scale
 *
 * Scale and zero point being shared, |x − w| = scale·|xq − wq|, and the integer kernels take the codes as they are: DequantizeLinear is not
 * calculated at all.
 */

/** Numbers as bytes: codes 0 to `most`. */
export interface Codes extends CodeScale {
  readonly most: number
}

/** Which values of a graph are codes that the backend makes and reads. */
export interface CodedValues {
  readonly values: ReadonlyMap<string, Codes>
  /** By node that makes codes: the value that it, with a clamp behind it, makes. */
  readonly makers: ReadonlyMap<Node, string>
  /** By node that reads codes: the value that it reads in the place of its first input. */
  readonly readers: ReadonlyMap<Node, string>
  /** Nodes between the two, which need not be calculated. */
  readonly absorbed: ReadonlySet<Node>
}

/** @param can whether the backend can make codes, or do a layer of codes, apart from its weights and their values */
export function findCodes(prepared: Prepared, can: (unit: Unit, form: 'toBytes' | 'ofCodes') => boolean): CodedValues {
  const values = new Map<string, Codes>()
  const makers = new Map<Node, string>()
  const readers = new Map<Node, string>()
  const absorbed = new Set<Node>()
  const readBy = unitsByInput(prepared)
  for (const unit of prepared.units) {
    const quantised = asQuantised(unit, prepared)
    if (!quantised || !can(unit, 'toBytes')) continue
    const clip = asClipped(readBy(unit.node.outputs[0]), prepared)
    const most = Math.min(255, clip?.most ?? 255)
    const codes: Codes = { ...quantised, most }
    const value = (clip?.unit.node ?? unit.node).outputs[0]!
    const dequantised = readBy(value)
    const layers = dequantised.flatMap((d) => readBy(d.node.outputs[0]))
    const understood =
      // 0, which is what padding is, must be a code.
      codes.zeroPoint <= most &&
      dequantised.every((d) => isDequantised(d, codes, prepared) && readBy(d.node.outputs[0]).length > 0) &&
      layers.every((layer) => can(layer, 'ofCodes') && weightsAreCodes(layer, codes, prepared))
    if (!understood || layers.length === 0) continue
    values.set(value, codes)
    makers.set(unit.node, value)
    for (const { node } of [...(clip ? [clip.unit] : []), ...dequantised]) absorbed.add(node)
    for (const { node } of layers) readers.set(node, value)
  }
  return { values, makers, readers, absorbed }
}

/** The units that read a value as their first input; none where it is read in any other way too, or is a graph output. */
function unitsByInput({ units, model }: Prepared): (value: string | undefined) => readonly Unit[] {
  const readers = new Map<string, Unit[]>()
  const otherwise = new Set(model.graph.outputs.map((o) => o.name))
  for (const unit of units)
    unit.node.inputs.forEach((name, i) => {
      if (i > 0) otherwise.add(name)
      else readers.set(name, [...(readers.get(name) ?? []), unit])
    })
  return (value = '') => (otherwise.has(value) ? [] : (readers.get(value) ?? []))
}

/** The scale of a unit that makes codes of numbers, or numbers of codes. */
const scaleOf = (unit: Unit, role: 'makes' | 'reads', prepared: Prepared): CodeScale | undefined =>
  unit.operator.codes?.role === role ? unit.operator.codes.scale(unit.call, contentOf(unit, prepared)) : undefined

/** Codes, as bytes, of a float32 feature map of known size, one scale for the whole tensor. */
function asQuantised(unit: Unit, prepared: Prepared): CodeScale | undefined {
  const [x] = unit.call.inputs
  if (unit.call.outputs[0]?.elementType !== 'uint8') return undefined
  if (x?.elementType !== 'float32' || !isConcrete(x.shape) || x.shape.length < 3) return undefined
  return scaleOf(unit, 'makes', prepared)
}

/** A clamp that alone reads the codes and only bounds them from above. */
function asClipped(
  units: readonly Unit[],
  prepared: Prepared,
): { readonly unit: Unit; readonly most: number } | undefined {
  const [unit] = units
  if (!unit || units.length !== 1) return undefined
  const epilogue = unit.operator.epilogue?.(unit.call, contentOf(unit, prepared))
  return epilogue?.kind === 'clamp' && epilogue.lo <= 0 ? { unit, most: epilogue.hi } : undefined
}

function isDequantised(unit: Unit, { scale, zeroPoint }: Codes, prepared: Prepared): boolean {
  if (unit.call.outputs[0]?.elementType !== 'float32') return false
  const own = scaleOf(unit, 'reads', prepared)
  return own?.scale === scale && own.zeroPoint === zeroPoint
}

/** Its other inputs are known beforehand, and the weights among them are codes. */
function weightsAreCodes({ node }: Unit, codes: Codes, prepared: Prepared): boolean {
  if (!node.inputs.slice(1).every((name) => name === '' || prepared.isConstant(name))) return false
  return weightCodes(prepared.content(node.inputs[1]!).data, codes) !== undefined
}

/**
 * Weights as codes of the input's scale; undefined where they are no multiples of it within a byte. They may exceed the input's greatest code:
 * the kernels look at the weights for what fits into a byte.
 */
export function weightCodes(weights: ArrayLike<number>, { scale, zeroPoint }: CodeScale): Uint8Array | undefined {
  const codes = new Uint8Array(weights.length)
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!
    const steps = Math.round(weight / scale)
    const code = steps + zeroPoint
    if (!(code >= 0 && code <= 255) || Math.fround(steps * scale) !== Math.fround(weight)) return undefined
    codes[i] = code
  }
  return codes
}
