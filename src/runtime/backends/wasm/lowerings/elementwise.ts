import { stridesOf } from '../../../../base/index.ts'
import type { InferredCall } from '../../../../graph/index.ts'
import { type AttributesOf, type ClipAttributes, clipBounds, type OpName } from '../../../../ops/index.ts'
import { holds, within } from '../../../../plan/index.ts'
import type { BinaryFunction, UnaryFunction } from '../engine/kernels.generated.ts'
import { lowerBinary, lowerUnary, lowerUnaryRows, lowerWhere, type Operand, type Rows } from '../steps/elementwise.ts'
import type { Step } from '../steps/step.ts'
import type { Lowering, LoweringContext, Lowerings, Place } from './lowering.ts'
import { count, inMemory, inTurn, memoryStrides, operandLike, refusesComputedSettings } from './operands.ts'

/*
 * Operators that treat every element alike: any layout, in place.
 */

type Parameters = readonly [f: UnaryFunction, a?: number, b?: number]

function unary<A>(
  parameters: (attributes: A, context: LoweringContext<A>) => Parameters,
  refuses?: (attributes: A) => string | undefined,
): Lowering<A> {
  return {
    layout: 'same',
    refuses: (call, isConstant) => refusesComputedSettings(call, isConstant) ?? refuses?.(call.attributes),
    inPlace: true,
    parts: { scattered: [0], eachChannel: true, output: true },
    lower(context) {
      const [x, y] = [context.input(0), context.output(0)]
      const [f, a, b] = parameters(context.call.attributes, context)
      if (!x.runs) return lowerUnaryRows(f, ...rowsInStep(x, y), a, b)
      const rows = count(x.shape) / x.shape[1]!
      return inTurn(x.runs, y).flatMap(({ address, pixel, channels, to }) =>
        lowerUnaryRows(f, { address, row: pixel }, { address: to, row: y.pixel }, [rows, channels.length], a, b),
      )
    },
  }
}

/** Two values of one shape row by row: all as one where both lie side by side. */
function rowsInStep(x: Place, y: Place): [x: Rows, y: Rows, sizes: readonly [number, number]] {
  const channels = x.shape[1] ?? 1
  const isDense = x.layout === 'plain' || (x.pixel === channels && y.pixel === channels)
  const sizes = isDense ? ([1, count(x.shape)] as const) : ([count(x.shape) / channels, channels] as const)
  const rows = ({ address, pixel }: Place): Rows => ({ address, row: isDense ? sizes[1] : pixel })
  return [rows(x), rows(y), sizes]
}

const simple = (f: UnaryFunction): Lowering => unary<unknown>(() => [f])

/** By operator, from its attributes. */
type ByActivation<N extends OpName> = { readonly [K in N]: (attributes: AttributesOf<K>) => Parameters }

const byActivation = <N extends OpName>(table: ByActivation<N>): ByActivation<N> => table

/** The functions that recurrent operators apply too. */
const activations = byActivation({
  Relu: () => ['clip', 0, Number.POSITIVE_INFINITY],
  LeakyRelu: (alpha) => ['leakyRelu', alpha],
  Elu: (alpha) => ['elu', alpha],
  Sigmoid: () => ['sigmoid'],
  HardSigmoid: ({ alpha, beta }) => ['hardSigmoid', alpha, beta],
  Tanh: () => ['tanh'],
  Softplus: () => ['softplus'],
  Softsign: () => ['softsign'],
  ThresholdedRelu: (alpha) => ['thresholdedRelu', alpha],
})

/** Kernels multiply by a parameter what they leave out: 0 · ∞ and 0 · NaN would be no number. */
export const refusesInfinite = (parameters: unknown): string | undefined =>
  [parameters, ...Object.values(parameters ?? {})].some((v) => typeof v === 'number' && !Number.isFinite(v))
    ? 'a parameter is not a finite number'
    : undefined

const activationLowerings: Lowerings = Object.fromEntries(
  Object.entries(activations).map(([name, parameters]) => [name, unary<never>(parameters, refusesInfinite)]),
)

/** y[i] = f(x[i]), f an operator by its name and its attributes. */
export function lowerActivation(opType: string, attributes: unknown, x: number, y: number, elements: number): Step[] {
  const parameters: (attributes: never) => Parameters = activations[opType as keyof typeof activations]
  // The operators that a recurrent one may apply are those of the table, and the attributes are what they read.
  const [f, a, b] = parameters(attributes as never)
  return lowerUnary(f, x, y, elements, a, b)
}

const clip = unary<ClipAttributes>((_, { call, constant }) => {
  const { lo, hi } = clipBounds(call, constant)
  return ['clip', lo, hi]
})

/** Float32 numbers next to the ends of int32. What is beyond is saturated; ONNX leaves it open. */
const ends = [-(2 ** 31), 2 ** 31 - 128] as const

const cutsOff = (call: Pick<InferredCall, 'inputs' | 'outputs'>): boolean =>
  call.inputs[0]?.elementType === 'float32' && call.outputs[0]?.elementType === 'int32'

/** Between types that both hold the number the memory is the same; float32 is truncated to int32. */
const cast: Lowering<AttributesOf<'Cast'>> = {
  layout: 'same',
  integers: ([x]) => x!,
  alias: (call) => !cutsOff(call),
  inPlace: true,
  refuses(call, isConstant) {
    const [from, to] = [call.inputs[0]?.elementType, call.outputs[0]?.elementType]
    if (isConstant(0)) return 'its input is known beforehand'
    return holds(to, from) || cutsOff(call) ? undefined : `${from} is cut off to ${to}`
  },
  lower({ call, input, output }) {
    const x = input(0)
    if (cutsOff(call)) return lowerUnary('truncate', x.address, output(0).address, count(x.shape), ...ends)
    const shape = inMemory(x.shape, x.layout)
    return spread({ address: x.address, shape }, output(0).address, shape)
  },
}

/** A copy that broadcasts and clamps, from the operand to y. */
function spread(x: Operand, y: number, shape: readonly number[], clamp: { lo?: number; hi?: number } = {}): Step[] {
  return lowerBinary('max', x, x, y, shape, clamp)
}

/**
 * An operator of two or more operands, from the left to the right; only the last function clamps.
 * @param after what becomes of the result, given the number of operands
 */
function folding(f: BinaryFunction, after?: (y: number, elements: number, operands: number) => Step[]): Lowering {
  return {
    layout: 'same',
    fuses: { clamp: after === undefined },
    inPlace: true,
    parts: ({ inputs }) => (inputs.length === 2 && !after ? { inputs: [0, 1], output: true } : undefined),
    lower(context) {
      const y = context.output(0)
      const shape = inMemory(y.shape, y.layout)
      const yStrides = memoryStrides(y)
      const operands = context.call.node.inputs.map((_, i) => operandLike(context, i, y))
      const { lo, hi } = context.epilogue
      const [first, ...others] = operands as [Operand, ...Operand[]]
      const result: Operand = { address: y.address, shape }
      const steps =
        others.length === 0
          ? spread(first, y.address, shape, { lo, hi })
          : others.flatMap((other, i) =>
              lowerBinary(
                f,
                i === 0 ? first : result,
                other,
                y.address,
                shape,
                i === others.length - 1 ? { lo, hi, yStrides } : {},
              ),
            )
      return [...steps, ...(after?.(y.address, count(shape), operands.length) ?? [])]
    },
  }
}

/** Arithmetic on int32 beside float32; in narrower types its results wrap around. */
function ofWholes<A>(lowering: Lowering<A>, most: (...inputs: number[]) => number): Lowering<A> {
  return {
    ...lowering,
    integers: (inputs) => within(most(...inputs.map((x) => x!.most))),
    refuses(call, isConstant) {
      const type = call.outputs[0]?.elementType
      if (type !== 'float32' && type !== 'int32') return `its kernel takes float32 and int32, not ${type}`
      return lowering.refuses?.(call, isConstant)
    },
  }
}

const sum = (...sizes: number[]): number => sizes.reduce((a, b) => a + b)

const mean = folding('add', (y, elements, operands) => lowerUnary('linear', y, y, elements, 1 / operands, 0))

/** Powers that need no logarithm. */
const pow: Lowering = {
  layout: 'same',
  inPlace: true,
  lower(context) {
    const y = context.output(0)
    const shape = inMemory(y.shape, y.layout)
    const elements = count(shape)
    const base = operandLike(context, 0, y)
    const given = context.floats(1)
    // The others go through the memory from one end to the other.
    const contiguous = stridesOf(shape)
    const whole = base.shape.every(
      (d, axis) => d === shape[axis] && (d === 1 || base.strides?.[axis] === contiguous[axis]),
    )
    const power = given?.length === 1 && whole && !context.floats(0) ? given[0] : undefined
    const { address } = base
    if (power === 1) return spread(base, y.address, shape)
    if (power === 0.5) return lowerUnary('sqrt', address, y.address, elements)
    if (power === -1) return lowerUnary('reciprocal', address, y.address, elements)
    if (power === 2) return lowerBinary('mul', base, base, y.address, shape)
    return lowerBinary('pow', base, operandLike(context, 1, y), y.address, shape)
  },
}

const wherePositive: Lowering = {
  layout: 'same',
  inPlace: true,
  lower(context) {
    const y = context.output(0)
    const [s, a, b] = [0, 1, 2].map((i) => operandLike(context, i, y)) as [Operand, Operand, Operand]
    return lowerWhere(s, a, b, y.address, inMemory(y.shape, y.layout))
  },
}

const gelu = unary<{ tanh: boolean }>(({ tanh }) => [tanh ? 'geluTanh' : 'gelu'])

const swish = unary<number>((alpha) => ['swish', alpha], refusesInfinite)

export const elementwise: Lowerings = {
  'ai.kerf:WherePositive': wherePositive,
  Cast: cast,
  ...activationLowerings,
  Relu: { ...unary(activations.Relu), integers: true },
  Clip: { ...clip, integers: true },
  Selu: unary<{ alpha: number; gamma: number }>(({ alpha, gamma }) => ['selu', alpha, gamma], refusesInfinite),
  Celu: unary<number>(
    (alpha) => ['celu', alpha],
    (alpha) => refusesInfinite(alpha) ?? (alpha > 0 ? undefined : 'its alpha is not positive'),
  ),
  HardSwish: simple('hardSwish'),
  Swish: swish,
  'com.microsoft:QuickGelu': swish,
  Gelu: gelu,
  'com.microsoft:Gelu': gelu,
  'com.microsoft:FastGelu': gelu,
  Erf: simple('erf'),
  Mish: simple('mish'),
  Exp: simple('exp'),
  Log: simple('log'),
  Sqrt: simple('sqrt'),
  Abs: ofWholes(simple('abs'), sum),
  Neg: ofWholes(simple('neg'), sum),
  Reciprocal: simple('reciprocal'),
  Floor: simple('floor'),
  Ceil: simple('ceil'),
  Round: simple('round'),
  Sign: simple('sign'),
  Add: ofWholes(folding('add'), sum),
  Sub: ofWholes(folding('sub'), sum),
  Mul: ofWholes(folding('mul'), (a, b) => a! * b!),
  Div: folding('div'),
  Min: { ...folding('min'), integers: true },
  Max: { ...folding('max'), integers: true },
  Sum: folding('add'),
  PRelu: folding('prelu'),
  Mean: mean,
  Pow: pow,
}
