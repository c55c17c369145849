import type { Call, InferredCall } from '../../../../graph/index.ts'
import { factList, opName, rangeOf } from '../../../../ops/index.ts'
import { lowerUnary } from '../steps/elementwise.ts'
import { lowerQuantiseFloats } from '../steps/quantise.ts'
import type { Step } from '../steps/step.ts'
import { byteForm, type Form } from './byte-forms.ts'
import { numbers, refusesComputed } from './code-parameters.ts'
import type { Lowering, LoweringContext, Lowerings, Place } from './lowering.ts'
import { count, stored } from './operands.ts'

/*
 * Operators that do to codes what another one does to numbers (QLinearAdd): codes become numbers in scratch memory, the other operator's kernels work on
 * them, and what they make is quantised where it lies.
 */

/** How a form is done by the other operator's lowering. */
function quantisedForm(form: Form, f: Lowering<never>): Lowering {
  const scales = (call: Call): number[] => {
    const { operands, out } = form.slots(call)
    return [...operands, out].flatMap(({ scale, zero }) => [scale, zero])
  }
  const plain = (call: InferredCall) => form.plain(call) as InferredCall<never>
  return {
    bytes: byteForm(form),
    layout: (call) => (typeof f.layout === 'function' ? f.layout(plain(call)) : f.layout),
    integers: true,
    inPlace: true,
    zeroPoints: (call) => {
      const { operands, out } = form.slots(call)
      return { reads: operands.map(({ x, zero }) => [x, zero] as const), makes: out.zero }
    },
    refuses(call, isConstant) {
      const { operands } = form.slots(call)
      return (
        refusesComputed(isConstant, call, ...scales(call)) ??
        f.refuses?.(plain(call), (i) => isConstant(operands[i]!.x))
      )
    },
    lower(context) {
      const { call, alloc } = context
      const { operands, out } = form.slots(call)
      const y = context.output(0)
      // The first operand's codes may lie where y will: whoever needs y's memory is last.
      const places = new Map<number, Place>()
      const steps: Step[] = []
      for (const [i, operand] of [...operands.entries()].reverse()) {
        if (context.constant(operand.x)) continue
        const x = context.input(operand.x)
        const elements = count(x.shape)
        const fits = i === 0 && f.inPlace && elements === count(y.shape)
        const address = fits ? y.address : alloc.scratch(4 * elements)
        steps.push(...dequantised(context, operand, x.address, address, elements))
        places.set(i, { ...x, address })
      }
      const floats = (i: number) => known(context, operands[i]!)
      const [lo, hi] = rangeOf(call.outputs[0]!.elementType!)
      return [
        ...steps,
        ...f.lower({
          ...context,
          call: plain(call),
          input: (i) => places.get(i)!,
          constant: (i) => {
            const [own, data] = [context.constant(operands[i]!.x), floats(i)]
            return own && data && { elementType: 'float32', shape: own.shape, data }
          },
          floats,
          pieces: floats,
          bounds: () => undefined,
        }),
        ...lowerQuantiseFloats({
          ...{ x: y.address, y: y.address, count: count(y.shape), lo, hi, centred: context.makesCentred },
          scale: stored(numbers(context, out.scale)!, alloc),
          zeroPoint: stored(numbers(context, out.zero) ?? [0], alloc),
        }),
      ]
    },
  }
}

type Slot = ReturnType<Form['slots']>['operands'][number]

/** Stored codes as numbers. */
function known(context: LoweringContext, { x, scale, zero }: Slot): Float32Array | undefined {
  const codes = context.constant(x)
  const [s, z] = [numbers(context, scale)![0]!, numbers(context, zero)?.[0] ?? 0]
  return codes && Float32Array.from(codes.data, (q) => (q - z) * s)
}

/** y = (x − zero point) · scale. */
function dequantised(context: LoweringContext, slot: Slot, x: number, y: number, elements: number): Step[] {
  const scale = numbers(context, slot.scale)![0]!
  const zero = context.isCentred(slot.x) ? 0 : (numbers(context, slot.zero)?.[0] ?? 0)
  // Taken off first: a difference of codes is exact, and its product is rounded once, as in DequantizeLinear.
  const codes = zero === 0 ? x : y
  return [
    ...(zero === 0 ? [] : lowerUnary('linear', x, y, elements, 1, -zero)),
    ...lowerUnary('linear', codes, y, elements, scale, 0),
  ]
}

/** The lowerings of forms of operators that have one. */
export function quantisedForms(lowerings: Lowerings): Lowerings {
  return Object.fromEntries(
    factList.flatMap(({ name, domain, quantises }) => {
      const f = quantises && lowerings[opName({ domain: quantises.operator.domain, opType: quantises.operator.name })]
      return f ? [[opName({ domain, opType: name }), quantisedForm(quantises, f as Lowering<never>)]] : []
    }),
  )
}
