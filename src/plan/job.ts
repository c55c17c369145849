import type { Picks } from '../graph/index.ts'
import type { Ability, Parts } from './ability.ts'
import type { Codes } from './codes.ts'
import { isCode, type Width } from './element-types.ts'
import type { Unit } from './units.ts'

/** One node that runs, and the nodes behind it that were fused into it. */
export interface Job {
  /** The node. */
  readonly unit: Unit
  /** How the backend does it; undefined: the host does. */
  readonly ability: Ability | undefined
  /** Why the backend does not. */
  readonly why?: string
  /**
   * Which of a backend's ways: the node as it is, its `bytes`, its `ofCodes`, its `toBytes`, or a channel shuffle of so many groups that it begins.
   * @internal
   */
  readonly form: 'node' | 'bytes' | 'ofCodes' | 'toBytes' | { readonly shuffle: number }
  /** Its inputs: those of the node, or codes in their place. */
  readonly inputs: readonly string[]
  /**
   * What input 0 is, where it is codes.
   * @internal
   */
  readonly inputCodes?: Codes
  /**
   * What the result is, where it is codes.
   * @internal
   */
  readonly outputCodes?: Codes
  /**
   * Values among the inputs and the result that are codes less their zero point (centred.ts).
   * @internal
   */
  readonly centred?: ReadonlySet<string>
  /**
   * Channels of its inputs, cut off, put side by side or in another order: its outputs need not be made where they can lie where the inputs do.
   * @internal
   */
  readonly picks?: Picks
  /** A BatchNormalization that is done along with it: `affineOf`. */
  readonly affine?: Unit
  /** A value that is added to the result. */
  readonly residual?: string
  /** The result is at least this; -Infinity where nothing is clamped. */
  readonly lo: number
  /** The result is at most this; Infinity where nothing is clamped. */
  readonly hi: number
  /** Name of the value that output 0 is after everything fused. */
  readonly result: string
}

/** What of a job may lie among the channels of other values, with what was fused into it. */
export function partsOf({ ability, residual }: Job): Parts {
  const { parts = {} } = ability ?? {}
  if (residual === undefined) return parts
  if (!parts.residual) return {}
  // What is added has its channels in order, and so the result.
  const inputs = [...(parts.inputs ?? []), ...(parts.scattered ?? [])]
  return parts.eachChannel ? { ...parts, inputs, scattered: [], eachChannel: false } : parts
}

/** How a job takes an input. */
export function widthOfInput({ form, unit }: Job, input: number): Width {
  if (form === 'ofCodes') return input === 0 ? 'uint8' : 'float32'
  return form === 'bytes' && isCode(unit.call.inputs[input]) ? 'uint8' : 'float32'
}

/** How a job makes an output, and takes what is added to it. */
export function widthOfOutput({ form, unit, outputCodes }: Job, output: number): Width {
  if (output > 0) return 'float32'
  return outputCodes || (form === 'bytes' && isCode(unit.call.outputs[0])) ? 'uint8' : 'float32'
}
