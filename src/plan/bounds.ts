import type { Prepared, Unit } from './units.ts'

/*
 * What is known of values before anything runs: that activations are never negative, or lie between 0 and 6. Adder convolutions use it: weights
 * outside their inputs' range only cost precision (ops/adderConv/clamp.ts).
 */

/** Every element lies in [lo, hi], but for rounding of hi. */
export interface Bounds {
  readonly lo: number
  readonly hi: number
}

const unbounded: Bounds = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }

type Rule = (inputs: readonly Bounds[], unit: Unit, prepared: Prepared) => Bounds

const same: Rule = ([x = unbounded]) => x
const within = (lo: number, hi: number): Rule => {
  return () => ({ lo, hi })
}
const union: Rule = (inputs) => ({
  lo: Math.min(...inputs.map((b) => b.lo)),
  hi: Math.max(...inputs.map((b) => b.hi)),
})
const sum: Rule = (inputs) => ({
  lo: inputs.reduce((s, b) => s + b.lo, 0),
  hi: inputs.reduce((s, b) => s + b.hi, 0),
})
/** Padding may be among what is averaged. */
const withZero: Rule = ([x = unbounded]) => ({ lo: Math.min(x.lo, 0), hi: Math.max(x.hi, 0) })

const clip: Rule = ([x = unbounded], { node, call }, prepared) => {
  const { min, max } = call.attributes as { min?: number; max?: number }
  const bound = (input: number, attribute: number | undefined, none: number): number => {
    const name = node.inputs[input] ?? ''
    if (name === '') return attribute ?? none
    return (prepared.isConstant(name) ? prepared.content(name).data[0] : undefined) ?? none
  }
  const lo = bound(1, min, Number.NEGATIVE_INFINITY)
  const hi = bound(2, max, Number.POSITIVE_INFINITY)
  return { lo: Math.min(Math.max(x.lo, lo), hi), hi: Math.max(Math.min(x.hi, hi), lo) }
}

/** Of the standard operators that keep or make bounds; all others may put out anything. */
const rules: Readonly<Record<string, Rule>> = {
  Relu: ([x = unbounded]) => ({ lo: Math.max(x.lo, 0), hi: Math.max(x.hi, 0) }),
  Clip: clip,
  Sigmoid: within(0, 1),
  HardSigmoid: within(0, 1),
  Softmax: within(0, 1),
  Add: sum,
  Sum: sum,
  Concat: union,
  Max: ([first = unbounded, ...others]) =>
    others.reduce((a, b) => ({ lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }), first),
  MaxPool: same,
  GlobalMaxPool: same,
  GlobalAveragePool: same,
  AveragePool: withZero,
  Identity: same,
  Flatten: same,
  Reshape: same,
  Transpose: same,
  Squeeze: same,
  Unsqueeze: same,
}

/** Bounds of the first output of every node of which something is known. */
export function valueBounds(prepared: Prepared): Map<string, Bounds> {
  const found = new Map<string, Bounds>()
  for (const unit of prepared.units) {
    const { node, call } = unit
    const rule = node.domain === '' ? rules[node.opType] : undefined
    const [output] = node.outputs
    if (!rule || !output || call.outputs[0]?.elementType !== 'float32') continue
    const bounds = rule(
      node.inputs.map((name) => found.get(name) ?? unbounded),
      unit,
      prepared,
    )
    if (bounds.lo !== unbounded.lo || bounds.hi !== unbounded.hi) found.set(output, bounds)
  }
  return found
}
