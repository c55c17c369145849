import { type Affine, constantContent } from '../graph/index.ts'
import { contentOf, type Prepared, type Unit } from './units.ts'

/** What a unit does to its channels, by parameters that are known. */
function scalingOf(unit: Unit, prepared: Prepared) {
  const { node, operator, call } = unit
  if (call.inputs[0]?.elementType !== 'float32' || node.outputs.filter((o) => o !== '').length !== 1) return undefined
  const epilogue = operator.epilogue?.(call, contentOf(unit, prepared))
  return epilogue?.kind === 'affine' && epilogue.parameters.every((i) => prepared.isConstant(node.inputs[i] ?? ''))
    ? epilogue
    : undefined
}

/** Whether a unit scales and shifts its channels by what is known. */
export const isAffine = (unit: Unit, prepared: Prepared): boolean => scalingOf(unit, prepared) !== undefined

/** What such a unit does. Its parameters are read: a plan says only which one it is, and holds for others, too. */
export function affineOf(unit: Unit, prepared: Prepared): Affine {
  const { parameters, from } = scalingOf(unit, prepared)!
  return from(parameters.map((i) => constantContent(prepared, unit.node.inputs[i]!).data))
}
