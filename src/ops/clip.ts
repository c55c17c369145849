import { elementCount } from '../base/index.ts'
import type { BackwardRule, Bounds, Call, ContentOf } from '../graph/index.ts'
import { type ChannelsOf, defineOperator, type ReferenceOf, type TrainingOf } from './operator.ts'
import { algebra, gradientOf, passInside, shapeIn, shapeOut } from './shared/backward.ts'
import { elementwise } from './shared/channel-rules.ts'
import { checkShape, commonType, required, typed, wrong } from './shared/check.ts'
import { mapped } from './shared/moved.ts'
import { clamped } from './shared/range-rules.ts'

export interface ClipAttributes {
  readonly min: number | undefined
  readonly max: number | undefined
}

/** Infinite where nothing bounds; undefined where that depends on data. */
export function clipBounds(
  { attributes, inputs }: Call<ClipAttributes>,
  content: ContentOf = (input) => inputs[input]?.value,
): Partial<Bounds> {
  const bound = (input: number, attribute: number | undefined, none: number) =>
    inputs[input] ? content(input)?.data[0] : (attribute ?? none)
  return {
    lo: bound(1, attributes.min, Number.NEGATIVE_INFINITY),
    hi: bound(2, attributes.max, Number.POSITIVE_INFINITY),
  }
}

/**
 * dX = dY between the bounds and 0 beyond them, where the bound gets it. Bounds that are known make one node.
 */
const clipBackward: BackwardRule<ClipAttributes> = (call) => {
  const { node, emit } = call
  const dy = gradientOf(call)
  const [x, low, high] = node.inputs as [string, string?, string?]
  const { lo, hi } = clipBounds(call)
  if (lo !== undefined && hi !== undefined) return [passInside(call, dy, node.outputs[0]!, lo, hi)]
  const { positive, sub } = algebra(emit)
  // The upper bound wins where they cross.
  const over = high && sub(low ? emit.node('Max', [x, low]) : x, high)
  const inside = over ? positive(over, 0, dy) : dy
  const under = low && sub(low, x)
  const toBound = (gradient: string, i: number) => emit.unbroadcast(gradient, shapeOut(call), shapeIn(call, i))
  return [
    call.needs(0) ? (under ? positive(under, 0, inside) : inside) : undefined,
    under && call.needs(1) ? toBound(positive(under, inside, 0), 1) : undefined,
    over && call.needs(2) ? toBound(positive(over, dy, 0), 2) : undefined,
  ]
}

/**
 * Y = min(max(X, min), max) (ONNX Clip). The bounds are attributes before opset 11, then optional scalar inputs; a missing one does not
 * bound. Cost per element: one comparison per bound.
 */
export const clip = defineOperator({
  name: 'Clip',
  inputs: (opset) => (opset < 11 ? ['input: numeric'] : ['input: numeric', 'min?: =input', 'max?: =input']),
  attributes: (a, opset): ClipAttributes =>
    opset < 11 ? { min: a.float('min'), max: a.float('max') } : { min: undefined, max: undefined },
  infer: (call) => {
    const { elementType, shape } = required(call, 0)
    for (const [i, name] of [
      [1, 'min'],
      [2, 'max'],
    ] as const) {
      const bound = call.inputs[i]?.shape
      if (bound && (elementCount(bound) ?? 1) !== 1) throw wrong(call, `${name} [${bound}] is not a scalar`)
    }
    return [typed(elementType, shape)]
  },
  forward: (call, [x]) => {
    const { lo, hi } = clipBounds(call)
    if (!x || lo === undefined || hi === undefined) return []
    return [mapped(x, (v) => Math.min(Math.max(v, lo), hi))]
  },
  saturates: true,
  cost: (call) => {
    const { min, max } = call.attributes
    const bounds = (call.inputs[1] || min !== undefined ? 1 : 0) + (call.inputs[2] || max !== undefined ? 1 : 0)
    return { others: bounds * elementCount(call.outputs[0]?.shape)! }
  },
  fusion: 'follower',
  epilogue: (call, content) => {
    const { lo, hi } = clipBounds(call, content)
    return lo === undefined || hi === undefined ? undefined : { kind: 'clamp', lo, hi }
  },
  range: ([x], call, content) => {
    const { lo = Number.NEGATIVE_INFINITY, hi = Number.POSITIVE_INFINITY } = clipBounds(call, content)
    return clamped(x!, { lo, hi })
  },
})

export const clipChannels: ChannelsOf<typeof clip> = {
  places: 'own',
  tie: (call, ties) => elementwise.tie(call, ties),
  zeros: (call) => {
    const { lo = Number.NaN, hi = Number.NaN } = clipBounds(call)
    return lo <= 0 && hi >= 0 ? [[0]] : []
  },
}

export const clipTraining: TrainingOf<typeof clip> = {
  backward: clipBackward,
}

export interface ClipGradientAttributes {
  readonly min: number
  readonly max: number
}

/**
 * dX = dY where min < Y < max, 0 elsewhere: the gradient of Clip and Relu from their output Y (so that their input need not be kept). Inputs dY, Y;
 * attributes min and max, infinite by default. In training graphs only.
 */
export const clipGradient = defineOperator({
  name: 'ClipGradient',
  domain: 'ai.kerf',
  inputs: ['dY: floating', 'Y: floating'],
  attributes: (a): ClipGradientAttributes => ({
    min: a.float('min', Number.NEGATIVE_INFINITY),
    max: a.float('max', Number.POSITIVE_INFINITY),
  }),
  infer: (call) => {
    const { shape } = required(call, 1)
    checkShape(call, 0, shape)
    return [typed(commonType(call, [0, 1]), shape)]
  },
  cost: (call) => ({ others: 2 * elementCount(call.outputs[0]?.shape)! }),
})

export const clipGradientReference: ReferenceOf<typeof clipGradient> = {
  forward: (call, [dy, y]) => {
    if (!dy || !y) return []
    const { min, max } = call.attributes
    const passes = (v: number) => v > min && v < max
    return [mapped(dy, (g, i) => (passes(y.data[i]!) ? g : 0))]
  },
}
