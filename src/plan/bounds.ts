import { accessesOf, type Bounds } from '../graph/index.ts'
import { clamped } from '../ops/index.ts'
import { contentOf, type Prepared, type Unit } from './units.ts'

/*
 * What is known of values before anything runs: that activations are never negative, or lie between 0 and 6. Adder convolutions use it: weights
 * outside their inputs' range only cost precision (ops/adderConv/clamp.ts).
 */

const unbounded: Bounds = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }

function boundsOf(unit: Unit, inputs: readonly Bounds[], prepared: Prepared): Bounds {
  const { operator, call } = unit
  const content = contentOf(unit, prepared)
  if (operator.range) return operator.range(inputs, call, content)
  const [x = unbounded] = inputs
  if (accessesOf(operator, call) === 'view') return x
  const epilogue = operator.epilogue?.(call, content)
  return epilogue?.kind === 'clamp' ? clamped(x, epilogue) : unbounded
}

/** Bounds of the first output of every node of which something is known. */
export function valueBounds(prepared: Prepared): Map<string, Bounds> {
  const found = new Map<string, Bounds>()
  for (const unit of prepared.units) {
    const { node, call } = unit
    const [output] = node.outputs
    if (!output || call.outputs[0]?.elementType !== 'float32') continue
    const inputs = node.inputs.map((name) => found.get(name) ?? unbounded)
    const bounds = boundsOf(unit, inputs, prepared)
    if (bounds.lo !== unbounded.lo || bounds.hi !== unbounded.hi) found.set(output, bounds)
  }
  return found
}
