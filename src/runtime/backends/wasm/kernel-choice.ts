import { isConcrete } from '../../../base/index.ts'
import { accessesOf, type Known } from '../../../graph/index.ts'
import type { Prepared, Unit } from '../../plan/units.ts'
import { isExact, isHoldable, type Lowering, type Lowerings } from './lowering.ts'

/** Kernels work on values of known size: float32, whole numbers held as such, and codes (codes.ts); everything else is the host's. */
export const isPlaced = (known: Known | undefined): boolean => isExact(known?.elementType) && isConcrete(known?.shape)

export const isFloat = (known: Known | undefined): boolean =>
  known?.elementType === 'float32' && isConcrete(known.shape)

/**
 * The lowering of a unit, or why kernels cannot do it.
 * @param lies whether a computed value lies in the kernels' memory
 */
export function loweringOf(
  { node, call }: Unit,
  lowerings: Lowerings,
  prepared: Prepared,
  lies: (value: string, known: Known | undefined) => boolean,
): Lowering<never> | string {
  const lowering = lowerings[node.domain === '' ? node.opType : `${node.domain}:${node.opType}`]
  if (!lowering) return 'none is written'
  const computed = node.inputs.flatMap((name, i) => (name === '' || prepared.isConstant(name) ? [] : [i]))
  const made = node.outputs.flatMap((name, i) => (name === '' ? [] : [i]))
  const apart = computed.find((i) => !lies(node.inputs[i]!, call.inputs[i]))
  if (apart !== undefined) return `input ${apart} is ${kindOf(call.inputs[apart])}`
  const odd = made.find((i) => !isHoldable(call.outputs[i]?.elementType) || !isConcrete(call.outputs[i]?.shape))
  if (odd !== undefined) return `output ${odd} is ${kindOf(call.outputs[odd])}`
  const whole = [...computed.map((i) => call.inputs[i]), ...made.map((i) => call.outputs[i])].find((k) => !isFloat(k))
  if (whole && !lowering.integers) return `its kernel takes float32, not ${whole.elementType}`
  return lowering.refuses?.(call as never, (i) => prepared.isConstant(node.inputs[i] ?? '')) ?? lowering
}

const kindOf = (known: Known | undefined): string =>
  !known?.elementType ? 'no tensor' : isConcrete(known.shape) ? known.elementType : 'of a size that depends on data'

/** Whether a node gives its first input another name and perhaps another shape, and makes nothing else. */
export const isView = ({ node, operator, call }: Unit): boolean =>
  accessesOf(operator, call) === 'view' && node.outputs.filter((o) => o !== '').length === 1

/** Whether its result is its input with the same shape: Identity, a Cast to a type that holds the same numbers. */
export function passes(unit: Unit, lowerings: Lowerings): boolean {
  const [x] = unit.call.inputs
  const [y] = unit.call.outputs
  const cast = lowerings[unit.node.domain === '' ? unit.node.opType : '']
  const same = isView(unit)
    ? x?.elementType === y?.elementType
    : cast?.alias && !cast.refuses?.(unit.call as never, () => false)
  return Boolean(same) && isConcrete(x?.shape) && x?.shape?.join() === y?.shape?.join()
}
