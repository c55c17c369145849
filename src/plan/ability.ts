import { isConcrete } from '../base/index.ts'
import { accessesOf, type InferredCall, type Known, type Node, type Operator } from '../graph/index.ts'
import { isFloat, isHoldable } from './element-types.ts'
import type { Prepared, Unit } from './units.ts'
import type { WholesRule } from './wholes.ts'

/**
 * How the elements of a value lie in memory: 'plain' as ONNX has them ([N, C, spatial…], row-major), 'channelsLast' with the channel axis
 * moved to the end ([N, spatial…, C]). Values with fewer than three dimensions are always plain.
 */
export type Layout = 'plain' | 'channelsLast'

/** What a backend says of a call that it does: in which layout, and what else it does along with it. */
export interface Ability {
  /**
   * Layout of the computed inputs and of the outputs: one of the two, or 'same': whichever the first computed input has, for operators that
   * treat every element alike.
   */
  readonly layout: Layout | 'same'
  /** Inputs and outputs that lie as ONNX has them whatever the layout of the others: weights and their gradients. */
  readonly plain?: {
    /** Their indices. */
    readonly inputs?: readonly number[]
    /** Their indices. */
    readonly outputs?: readonly number[]
  }
  /** What may be fused into it. */
  readonly fuses?: {
    /** A scale and a shift of each channel: `Job.affine`. */
    readonly affine?: boolean
    /** The sum with another value: `Job.residual`. */
    readonly residual?: boolean
    /** Bounds of the result: `Job.lo` and `Job.hi`. */
    readonly clamp?: boolean
    /**
     * That the result is codes: `Job.outputCodes`.
     * @internal
     */
    readonly codes?: boolean
  }
  /**
   * How it is done where input 0 is codes of its weights' scale.
   * @internal
   */
  readonly ofCodes?: Ability
  /**
   * How it is done where output 0 is wanted as bytes.
   * @internal
   */
  readonly toBytes?: Ability
  /**
   * How it is done where its codes – inputs and output 0 of 8 bits – are held as bytes (`Buffer.least`). Left out: codes are held as float32.
   * @internal
   */
  readonly bytes?: Ability
  /**
   * It is right for whole numbers held as float32, too. true: they are moved or compared, so that int32 results are among them; a rule: what these may
   * be. Default: float32 alone.
   */
  readonly integers?: boolean | WholesRule
  /**
   * It reads codes less their zero point: pairs of inputs, the codes and the zero point. It makes codes whose zero point is an input (a number) or an
   * output. Codes that are made and read so may be held without their zero point.
   * @internal
   */
  readonly zeroPoints?: {
    readonly reads?: readonly (readonly [codes: number, zeroPoint: number])[]
    readonly makes?: number | { readonly output: number }
  }
  /** What may lie among the channels of other values (`Located.runs`), where it lies channels last. Default: nothing. */
  readonly parts?: Parts
  /** Its output is its input as it lies in memory. */
  readonly alias?: boolean
  /** The output may share the first input's memory: every element is read before it is written. */
  readonly inPlace?: boolean
}

/** Values that need not have pixels of their own. */
export interface Parts {
  /** Inputs, by their index, whose channels may be some of those of a larger value, side by side and in order. */
  readonly inputs?: readonly number[]
  /** Inputs whose channels may lie anywhere, in any number of runs. */
  readonly scattered?: readonly number[]
  /** What is added to the result, where it has as many channels from one pixel to the next as the output has there. */
  readonly residual?: boolean
  /** Output 0: what an input may be. */
  readonly output?: boolean
  /**
   * Every channel of input 0 is treated by itself. Where they lie in another order, or in several runs, the result has them as they come: run behind run,
   * and says so.
   */
  readonly eachChannel?: boolean
}

/** What the planner asks a backend. */
export interface Abilities {
  /**
   * Loads what it takes to do some nodes, before it is asked for each of them. Without it everything is there.
   * @param nodes all of a graph that run
   */
  load?(nodes: readonly Node[]): Promise<void>
  /**
   * How it does a call, or why it cannot: the reference does it then, as it does calls whose values cannot lie in a plan's buffers (`misfit`).
   * @param isConstant whether an input is known before running
   * @param operator of the call's node
   */
  supports(call: InferredCall, isConstant: (input: number) => boolean, operator: Operator): Ability | string
  /**
   * How it puts channels in another order, where it does (shuffle.ts).
   * @internal
   */
  readonly shuffles?: Ability
  /**
   * Whether layers between DequantizeLinear and QuantizeLinear are to become operators on codes. Default false.
   * @internal
   */
  readonly onCodes?: boolean
  /** Whether conversions read values in runs, and write parts of what is there already. Without it nothing lies in runs. Default false. */
  readonly parts?: boolean
}

const kindOf = (known: Known | undefined): string =>
  !known?.elementType
    ? 'no tensor'
    : !isConcrete(known.shape)
      ? 'of a size that depends on data'
      : known.shape.includes(0)
        ? 'empty'
        : known.elementType

/** Why a call's values cannot lie in a plan's buffers, or not for this ability; undefined where they can. */
export function misfit(
  { node, inputs, outputs }: InferredCall,
  isConstant: (input: number) => boolean,
  { integers }: Pick<Ability, 'integers'>,
): string | undefined {
  const isOdd = (known: Known | undefined) =>
    !isHoldable(known?.elementType) || !isConcrete(known?.shape) || known.shape.includes(0)
  const computed = node.inputs.flatMap((name, i) => (name === '' || isConstant(i) ? [] : [i]))
  const made = node.outputs.flatMap((name, i) => (name === '' ? [] : [i]))
  const input = computed.find((i) => isOdd(inputs[i]))
  if (input !== undefined) return `input ${input} is ${kindOf(inputs[input])}`
  const output = made.find((i) => isOdd(outputs[i]))
  if (output !== undefined) return `output ${output} is ${kindOf(outputs[output])}`
  const whole = [...computed.map((i) => inputs[i]), ...made.map((i) => outputs[i])].find((k) => !isFloat(k))
  return whole && !integers ? `its kernel takes float32, not ${whole.elementType}` : undefined
}

/**
 * How a backend does a unit, or why it cannot.
 * @param lies whether a computed value lies in the plan's buffers
 */
export function abilityOf(
  { node, call, operator }: Unit,
  abilities: Abilities,
  prepared: Prepared,
  lies: (value: string) => boolean,
): Ability | string {
  const isConstant = (i: number) => prepared.isConstant(node.inputs[i] ?? '')
  const ability = abilities.supports(call, isConstant, operator)
  if (typeof ability === 'string') return ability
  const odd = misfit(call, isConstant, ability)
  if (odd !== undefined) return odd
  const apart = node.inputs.findIndex((name, i) => name !== '' && !isConstant(i) && !lies(name))
  return apart < 0 ? ability : `input ${apart} is ${kindOf(call.inputs[apart])}`
}

/** Whether a node gives its first input another name and perhaps another shape, and makes nothing else. */
export const isView = ({ node, operator, call }: Unit): boolean =>
  accessesOf(operator, call) === 'view' && node.outputs.filter((o) => o !== '').length === 1

/** Whether its result is its input with the same shape: Identity, a Cast to a type that holds the same numbers. */
export function passes(unit: Unit, abilities: Abilities): boolean {
  const [x] = unit.call.inputs
  const [y] = unit.call.outputs
  if (!isConcrete(x?.shape) || x.shape.join() !== y?.shape?.join()) return false
  if (isView(unit)) return x.elementType === y.elementType
  const ability = abilities.supports(unit.call, () => false, unit.operator)
  return typeof ability !== 'string' && ability.alias === true
}
