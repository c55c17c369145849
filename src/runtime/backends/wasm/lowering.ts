import type { ElementType } from '../../../base/index.ts'
import type { Dense, InferredCall, Known } from '../../../graph/index.ts'
import type { Bounds } from './bounds.ts'
import type { Codes } from './codes.ts'
import type { Allocator, Step } from './step.ts'
import type { KnownWeights } from './weights.ts'

/**
 * How the elements of a value lie in memory: 'plain' as ONNX has them ([N, C, spatial…], row-major), 'channelsLast' with the channel axis
 * moved to the end ([N, spatial…, C]). Values with fewer than three dimensions are always plain.
 */
export type Layout = 'plain' | 'channelsLast'

/** Whole numbers that float32 holds all of. */
const narrowRanges: Partial<Record<ElementType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
}

/** Values that may lie in the kernels' memory, as float32, whoever makes them. */
export const isExact = (type: ElementType | undefined): boolean =>
  type === 'float32' || (type !== undefined && type in narrowRanges)

/** Values that kernels may make: sums of codes are held as float32, too, and rounded as such beyond 2^24. */
export const isHoldable = (type: ElementType | undefined): boolean => isExact(type) || type === 'int32'

/** Whether every number of a type is one of another. */
export function holds(type: ElementType | undefined, other: ElementType | undefined): boolean {
  if (type === other || type === 'float32') return true
  const own = type === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : type && narrowRanges[type]
  const range = other && narrowRanges[other]
  return own !== undefined && range !== undefined && (own[0] as number) <= range[0] && range[1] <= (own[1] as number)
}

/** A value in the kernels' memory: float32, whatever the model says. */
export interface Place {
  readonly address: number
  /** As ONNX has it: [N, C, spatial…]. */
  readonly shape: readonly number[]
  readonly layout: Layout
}

/** What a kernel does to its result before it is stored, instead of steps of their own. */
export interface Epilogue {
  /** A value of the output's shape and layout that is added first. */
  readonly residual?: number
  /** Then the result is clamped; -Infinity and Infinity for none. */
  readonly lo: number
  readonly hi: number
}

/** y = x · scale[c] + shift[c]: a folded BatchNormalization. */
export interface Affine {
  readonly scale: Float32Array
  readonly shift: Float32Array
}

/** One node at the moment of being turned into steps: every address is known. */
export interface LoweringContext<A = unknown> {
  readonly call: InferredCall<A>
  /** An input that is computed while running, in the layout that the lowering asked for: float32, or bytes where `inputCodes` says so. */
  input(index: number): Place
  /** Whether an input is known now; its content in ONNX's layout. Undefined for inputs that are computed or left out. */
  constant(index: number): Dense | undefined
  /** The same as float32 values; they may be the model's own, and are only read. */
  floats(index: number): Float32Array | undefined
  /** The same for large weights: read piece by piece where they lie in a file. */
  pieces(index: number): KnownWeights | undefined
  output(index: number): Place
  /** What is known of a computed input before running; undefined where it may be anything. */
  bounds(index: number): Bounds | undefined
  readonly epilogue: Epilogue
  /** Whether an input of codes, or output 0, is held less its zero point. Only for lowerings that have `zeroPoints`. */
  isCentred(index: number): boolean
  readonly makesCentred: boolean
  /** Only for lowerings that say they fold it. */
  readonly affine?: Affine
  /** Input 0 is given as codes, one byte each. */
  readonly inputCodes?: Codes
  /** Output 0 is wanted as codes, one byte each. */
  readonly outputCodes?: Codes
  readonly alloc: Allocator
}

/** How one operator is turned into kernel calls. */
export interface Lowering<A = unknown> {
  /**
   * Layout of the computed inputs and of the outputs: one of the two, or 'same': whichever the first computed input has, for operators that
   * treat every element alike.
   */
  readonly layout: Layout | 'same' | ((call: InferredCall<A>) => Layout | 'same')
  /** Inputs and outputs that lie as ONNX has them whatever the layout of the others: weights and their gradients. */
  readonly plain?: { readonly inputs?: readonly number[]; readonly outputs?: readonly number[] }
  /** Why this node cannot be done by kernels (the reference does it then), or undefined. */
  refuses?(call: InferredCall<A>, isConstant: (input: number) => boolean): string | undefined
  /** What may be fused into it. */
  readonly fuses?: {
    readonly affine?: boolean
    readonly residual?: boolean
    readonly clamp?: boolean
    readonly codes?: boolean
  }
  /** How it is done where input 0 is codes of its weights' scale. */
  readonly ofCodes?: Lowering<A>
  /** How it is done where output 0 is wanted as bytes. */
  readonly toBytes?: Lowering<A>
  /** It is right for whole numbers held as float32, too: they are moved or compared, or the results are theirs. Default: float32 alone. */
  readonly integers?: boolean
  /**
   * It reads codes less their zero point: pairs of inputs, the codes and the zero point. It makes codes whose zero point is an input (a number) or an
   * output. Codes that are made and read so may be held without their zero point.
   */
  readonly zeroPoints?: {
    readonly reads?: readonly (readonly [codes: number, zeroPoint: number])[]
    readonly makes?: number | { readonly output: number }
  }
  /** Its output is its input as it lies in memory. */
  readonly alias?: boolean
  /** The output may share the first input's memory: every element is read before it is written. */
  readonly inPlace?: boolean
  lower(context: LoweringContext<A>): Step[]
}

/** The table that the plan looks into: by ONNX operator name, with the domain in front where it is not the standard one (`ai.kerf:AdderConv`). */
export type Lowerings = Readonly<Record<string, Lowering<never>>>

/** Shape of an input or an output; a plan is only made when all are known. */
export function shapeOf(known: Known | undefined): readonly number[] {
  return (known?.shape ?? []) as readonly number[]
}

/** Sizes of a value as [batch, height, width, channels]; 3-D values have height 1. */
export function sizesOf(shape: readonly number[]): { batch: number; height: number; width: number; channels: number } {
  const [batch = 1, channels = 1] = shape
  const spatial = shape.slice(2)
  const width = spatial.at(-1) ?? 1
  return { batch, channels, width, height: spatial.slice(0, -1).reduce((p, d) => p * d, 1) }
}
