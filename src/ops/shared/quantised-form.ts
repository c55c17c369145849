import { type ElementType, elementCount } from '../../base/index.ts'
import {
  type Arithmetic,
  type AttributeReader,
  type Call,
  type ChannelRule,
  type Dense,
  type Known,
  type Operator,
  type OperatorFacts,
  type QuantisedSlots,
  type Reference,
  runForward,
  type Signature,
} from '../../graph/index.ts'
import { dequantizeLinear } from '../dequantizeLinear.ts'
import { defineOperator } from '../operator.ts'
import { quantizeLinear, quantizeLinearReference } from '../quantizeLinear.ts'
import { dense, required, wrong } from './check.ts'
import { type QuantisationAttributes, sumOf } from './quantised.ts'
import { renumbered } from './renumbered.ts'

/*
 * Operators of the domain com.microsoft that do to quantised numbers what another operator f does to numbers:
 *
 *   Y = QuantizeLinear(f(DequantizeLinear(A), …))
 *
 * and are counted so. What f is (shapes, arithmetic, channels) stands in its own operator. Scales and zero points are one number for a whole
 * tensor; a zero point that is left out is 0.
 */

type Slots = QuantisedSlots

/** Operands x, scale, zero point one after the other from `first` on. */
export function slotsFrom(first: number, operands: number): Slots['operands'] {
  return Array.from({ length: operands }, (_, i) => {
    const x = first + 3 * i
    return { x, scale: x + 1, zero: x + 2 }
  })
}

/** Operators of one operand. */
export const ofOne = (): Slots => ({ operands: slotsFrom(0, 1), out: { scale: 3, zero: 4 } })

export const ofTwo = (): Slots => ({ operands: slotsFrom(0, 2), out: { scale: 6, zero: 7 } })

/** Refuses pooling of [N, spatial…, C]. */
export const channelsFirst = (reader: AttributeReader): string | undefined =>
  reader.int('channels_last', 0) === 0 ? undefined : 'channels_last is 1, and Kerf pools [N, C, spatial…] only'

/** f's rules are those of this version of the standard operators. */
const opset = 21

export interface QuantisedForm<F> {
  /** What f reads. */
  readonly own: F
  /** The version of the standard operators whose rules it has. */
  readonly opset: number
  /** From the node's number of inputs. */
  readonly slots: (inputs: number) => Slots
  readonly refused: string | undefined
}

interface Particulars {
  /** What the node asks for that f does not do, as a problem. */
  readonly refuses?: (reader: AttributeReader) => string | undefined
  /** The version of the standard operators whose rules a node's f has, where it says so. */
  readonly opset?: (reader: AttributeReader) => number
}

/** @param slots of a node; where it has any number of operands, none */
function signatureOf({ operands, out }: Slots): Signature {
  const inputs: string[] = []
  for (const [i, { x, scale, zero }] of operands.entries()) {
    inputs[x] = `X${i}`
    inputs[scale] = `X${i}_scale`
    inputs[zero] = `X${i}_zero_point?`
  }
  inputs[out.scale] = 'Y_scale'
  inputs[out.zero] = 'Y_zero_point?'
  return operands.length === 0 ? [...inputs, 'operands*'] : inputs
}

const slotsOf = <F>(call: Call<QuantisedForm<F>>): Slots => call.attributes.slots(call.node.inputs.length)

const asFloats = (values: readonly (Known | undefined)[]): (Known | undefined)[] =>
  values.map((known) => known && { elementType: 'float32', shape: known.shape })

/** The node as one of f. */
function plain<F>(call: Call<QuantisedForm<F>>): Call<F> {
  const { own: attributes, opset } = call.attributes
  const places = slotsOf(call).operands.map(({ x }) => x)
  const inputs = asFloats(places.map((x) => call.inputs[x]))
  const names = places.map((x) => call.node.inputs[x]!)
  return { node: { ...call.node, inputs: names }, attributes, opset, inputs }
}

/**
 * @param f an operator of the standard domain
 * @param slots from the node's number of inputs
 */
export function quantisedForm<const N extends string, F>(
  name: N,
  f: OperatorFacts<F>,
  slots: (inputs: number) => Slots,
  particulars: Particulars = {},
): OperatorFacts<QuantisedForm<F>, N, 'com.microsoft'> {
  return defineOperator({
    name,
    domain: 'com.microsoft',
    inputs: signatureOf(slots(0)),
    attributes: (reader) => {
      const version = particulars.opset?.(reader) ?? opset
      return { own: f.attributes(reader, version), opset: version, slots, refused: particulars.refuses?.(reader) }
    },
    quantises: { operator: f, slots: slotsOf, plain: (call) => ({ ...plain(call), outputs: asFloats(call.outputs) }) },
    infer: (call) => {
      const { operands, out } = slotsOf(call)
      const { refused } = call.attributes
      if (refused !== undefined) throw wrong(call, refused)
      for (const { x, scale } of operands) for (const input of [x, scale]) required(call, input)
      if (call.node.inputs.length > 2 + 3 * operands.length)
        throw wrong(call, 'every operand needs a tensor, a scale and a zero point')
      for (const { scale, zero } of [...operands, out])
        for (const input of [scale, zero])
          if ((elementCount(call.inputs[input]?.shape) ?? 1) !== 1)
            throw wrong(call, `input ${input} is [${call.inputs[input]?.shape}], where one number is needed`)
      const type = call.inputs[operands[0]?.x as number]?.elementType
      return f.infer(plain(call)).map((known) => known && { elementType: type, shape: known.shape })
    },
    cost: (call) => {
      const { operands, out } = slotsOf(call)
      const own = typeof f.cost === 'function' ? f.cost({ ...plain(call), outputs: call.outputs }) : {}
      const before = operands.map(({ x, zero }) =>
        costOf(dequantizeLinear, [undefined, undefined, call.inputs[zero]], call.inputs[x]),
      )
      const after = costOf(quantizeLinear, [undefined, undefined, call.inputs[out.zero]], call.outputs[0])
      return [...before, own, after].reduce(sumOf)
    },
  })
}

/** @param f what its f says */
export const quantisedFormChannels = <F>(f: ChannelRule<F>): ChannelRule<QuantisedForm<F>> => ({
  tie: (call, ties) => {
    const places = slotsOf(call).operands.map(({ x }) => x)
    f.tie(
      { ...plain(call), outputs: call.outputs },
      renumbered(ties, (input) => places[input]!),
    )
  },
})

/** @param f where the operator's scalar reference is: its facts, or apart */
export function quantisedForward<F>(
  call: Call<QuantisedForm<F>>,
  inputs: readonly (Dense | undefined)[],
  f: Reference<F>,
): Dense[] {
  const { operands, out } = slotsOf(call)
  const given = operands.map(({ x, scale, zero }) =>
    single(only(dequantizeLinear, [inputs[x], inputs[scale], inputs[zero]])),
  )
  const [y] = runForward(f, plain(call), given) ?? []
  const type = inputs[operands[0]?.x as number]?.elementType as ElementType
  const zero = inputs[out.zero] ?? dense(type, [], [0])
  const made = only({ ...quantizeLinear, ...quantizeLinearReference }, [single(y), inputs[out.scale], zero])
  return made ? [made] : []
}

const perTensor: QuantisationAttributes = { axis: 0, blockSize: 0, outputCode: undefined }

const callOf = ({ name }: OperatorFacts, inputs: readonly (Known | undefined)[]): Call => ({
  node: { name: '', opType: name, domain: '', inputs: [], outputs: [], attributes: new Map() },
  attributes: perTensor,
  opset,
  inputs,
})

/** As float32 holds it: what f works on and what it makes, as runtimes do. */
const single = (x: Dense | undefined): Dense | undefined => x && { ...x, data: Float32Array.from(x.data) }

/** What QuantizeLinear or DequantizeLinear makes of a whole tensor with one scale. */
function only(operator: Operator, inputs: readonly (Dense | undefined)[]): Dense | undefined {
  return inputs[0] && inputs[1] ? runForward(operator, callOf(operator, inputs), inputs)?.[0] : undefined
}

function costOf(operator: OperatorFacts, inputs: readonly (Known | undefined)[], y: Known | undefined): Arithmetic {
  return typeof operator.cost === 'function' ? operator.cost({ ...callOf(operator, inputs), outputs: [y] }) : {}
}
