import {
  AttributeReader,
  type Dense,
  float,
  type GradientEmitter,
  type Node,
  type Operator,
  runForward,
} from '../../graph/index.ts'
import { activations } from '../activations.ts'
import { algebra } from './backward.ts'
import { dense } from './check.ts'

/*
 * The activations that recurrent operators name in an attribute. All are outer · f(inner · x) + shift with f one of the operators of one input:
 * what f is stands there.
 */

/** One activation of a node, with its alpha and beta. */
export interface RecurrentActivation {
  /** As ONNX names it. */
  readonly name: string
  readonly inner: number
  /** None: x itself. */
  readonly f: Operator | undefined
  /** Of f. */
  readonly attributes: Readonly<Record<string, number>>
  readonly outer: number
  readonly shift: number
}

type Form = Partial<Omit<RecurrentActivation, 'name'>>

interface Kind {
  /** Undefined: it has no such parameter, and takes none from the attribute's list. */
  readonly alpha?: number
  readonly beta?: number
  form(alpha: number, beta: number): Form
}

const kinds: Readonly<Record<string, Kind>> = {
  Relu: { form: () => ({ f: activations.relu }) },
  Tanh: { form: () => ({ f: activations.tanh }) },
  Sigmoid: { form: () => ({ f: activations.sigmoid }) },
  Affine: { alpha: 1, beta: 0, form: (alpha, beta) => ({ outer: alpha, shift: beta }) },
  LeakyRelu: { alpha: 0.01, form: (alpha) => ({ f: activations.leakyRelu, attributes: { alpha } }) },
  ThresholdedRelu: { alpha: 1, form: (alpha) => ({ f: activations.thresholdedRelu, attributes: { alpha } }) },
  ScaledTanh: { alpha: 1, beta: 1, form: (alpha, beta) => ({ f: activations.tanh, inner: beta, outer: alpha }) },
  HardSigmoid: {
    alpha: 0.2,
    beta: 0.5,
    form: (alpha, beta) => ({ f: activations.hardSigmoid, attributes: { alpha, beta } }),
  },
  Elu: { alpha: 1, form: (alpha) => ({ f: activations.elu, attributes: { alpha } }) },
  Softsign: { form: () => ({ f: activations.softsign }) },
  Softplus: { form: () => ({ f: activations.softplus }) },
}

/** Names of the activations there are. */
export const recurrentActivations = Object.keys(kinds)

/**
 * @param names in the order of the directions; case does not matter
 * @param alphas for those that take one, in their order; what is missing has the default. `betas` likewise
 * @returns undefined where there is no activation of that name
 */
export function activationsOf(
  names: readonly string[],
  alphas: readonly number[],
  betas: readonly number[],
): (RecurrentActivation | undefined)[] {
  const [alpha, beta] = [alphas, betas].map((list) => {
    const rest = [...list]
    return (fallback: number | undefined) => (fallback === undefined ? 0 : (rest.shift() ?? fallback))
  }) as [(fallback: number | undefined) => number, (fallback: number | undefined) => number]
  return names.map((given) => {
    const name = recurrentActivations.find((known) => known.toLowerCase() === given.toLowerCase())
    const kind = name === undefined ? undefined : kinds[name]
    if (name === undefined || !kind) return undefined
    const form = kind.form(alpha(kind.alpha), beta(kind.beta))
    return { name, inner: 1, f: undefined, attributes: {}, outer: 1, shift: 0, ...form }
  })
}

const nodeOf = (f: Operator, attributes: Readonly<Record<string, number>>): Node => ({
  name: f.name,
  opType: f.name,
  domain: f.domain,
  inputs: [],
  outputs: [],
  attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, float(value)])),
})

/** What f's rules take as its attributes. */
export const attributesOf = ({ f, attributes }: RecurrentActivation): unknown =>
  f?.attributes(new AttributeReader(nodeOf(f, attributes)), 1)

/** The activation as a function of a vector. */
export function activationFunction(activation: RecurrentActivation): (x: Float64Array) => Float64Array {
  const { f, inner, outer, shift } = activation
  const attributes = attributesOf(activation)
  return (x) => {
    const scaled = inner === 1 ? x : x.map((v) => inner * v)
    const made = f ? valuesOf(f, attributes, scaled) : scaled
    return outer === 1 && shift === 0 ? made : made.map((v) => outer * v + shift)
  }
}

function valuesOf(f: Operator, attributes: unknown, x: Float64Array): Float64Array {
  const given = dense('float64', [x.length], x)
  const [y] = runForward(f, { node: nodeOf(f, {}), attributes, opset: 1, inputs: [] }, [given]) as [Dense]
  return Float64Array.from(y.data)
}

/** The activation as nodes. */
export function emitActivation(activation: RecurrentActivation, emit: GradientEmitter, x: string): string {
  const { f, inner, outer, shift, attributes } = activation
  const { add, mul } = algebra(emit)
  const floats = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, float(value)]))
  const scaled = inner === 1 ? x : mul(x, inner)
  const made = f ? emit.node(f.name, [scaled], floats) : scaled
  const stretched = outer === 1 ? made : mul(made, outer)
  return shift === 0 ? stretched : add(stretched, shift)
}
